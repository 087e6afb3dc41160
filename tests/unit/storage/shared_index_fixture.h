// Several machines and one object store: each machine is a store of its own here.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "storage/object_store.h"
#include "storage/shared_index_store.h"
#include "tests/support/object_cable.h"
#include "tests/unit/storage/storage_fixture.h"

namespace testselect {

inline const JobKey kUnit{"unit", {}};

// One machine.
struct Node {
  Cable* cable = nullptr;  // the store owns it
  std::unique_ptr<IndexStore> store;
};

class SharedIndexStoreTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(Objects()); }
  std::string Objects() const { return dir_.path() + "/objects"; }

  std::unique_ptr<ObjectStore> OpenObjects() const {
    auto objects = OpenObjectStore({.url = "file://" + Objects()});
    EXPECT_TRUE(objects.ok()) << objects.status();
    return *std::move(objects);
  }

  absl::StatusOr<Node> Try(const std::string& name, SharedIndexOptions options = {},
                           bool away = false) const {
    Node node;
    auto cable = std::make_unique<Cable>(OpenObjects());
    node.cable = cable.get();
    cable->pulled = away;
    options.local.path = dir_.path() + "/" + name;
    if (options.compare_every == SharedIndexOptions().compare_every) {
      options.compare_every = absl::ZeroDuration();
    }
    auto store = OpenSharedIndexStore(std::move(cable), options);
    if (!store.ok()) return store.status();
    node.store = *std::move(store);
    return node;
  }
  Node Start(const std::string& name, const SharedIndexOptions& options = {},
             bool away = false) const {
    auto node = Try(name, options, away);
    EXPECT_TRUE(node.ok()) << node.status();
    return *std::move(node);
  }

  static IndexStore::Freshness Hear(const Node& node) {
    return node.store->Refresh("repo", absl::Nanoseconds(1), absl::Now() + absl::Minutes(1));
  }
  static SegmentInfo Put(const Node& node, const UploadHeader& header,
                         const SegmentContent& content) {
    const auto info = node.store->Commit(header, content, {});
    EXPECT_TRUE(info.ok()) << info.status();
    return info.ok() ? *info : SegmentInfo();
  }
  static NaiveEvidence ReadAt(const Node& node, const Digest& segment) {
    const auto opened = node.store->Open(segment);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? Read(**opened) : NaiveEvidence();
  }
  static std::vector<SegmentState> StatesAt(const Node& node, uint32_t commit) {
    std::vector<SegmentState> states;
    const auto segments = node.store->SegmentsAt("repo", Commit(commit));
    for (const SegmentInfo& s : *segments) states.push_back(s.state);
    return states;
  }

  TempDir dir_;
};

}  // namespace testselect
