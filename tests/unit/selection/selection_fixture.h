// A real repository, a real (memory) index, and a selector over both.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/git/repository.h"
#include "server/selection/index_keeper.h"
#include "server/selection/selector.h"
#include "server/selection/test_history.h"
#include "storage/index_store.h"
#include "storage/model/mutex.h"
#include "storage/segment_builder.h"
#include "tests/unit/git/git_fixture.h"

namespace testselect {

class SelectionTest : public GitTest {
 protected:
  SelectionTest();

  struct Executed {
    std::string label, path;
    std::vector<uint32_t> lines;
    Phase phase = Phase::kRun;
  };
  struct UploadSpec {
    ObjectId commit;
    std::vector<Executed> executed = {};
    std::map<std::string, std::vector<uint32_t>> global = {};
    std::map<std::string, LabelOutcome> outcomes = {};
    std::vector<std::string> ran_without_evidence = {};
    std::vector<std::pair<std::string, std::string>> opened = {};             // (label, path)
    std::vector<std::pair<std::string, std::string>> imported = {};           // (label, path)
    std::vector<std::pair<std::string, std::vector<std::string>>> keys = {};  // (key, labels)
    struct FixtureUse {
      std::string label, path;
      LineRange range;
    };
    std::vector<FixtureUse> fixtures = {};
    std::vector<FixtureUse> entered = {};  // functions
    Completeness completeness = Completeness::kFull;
    std::string job = "unit";
    std::map<std::string, std::string> flavor = {};
    uint32_t shard = 0, shards = 1, attempt = 1;
    std::string environment = "";
    Isolation isolation = Isolation::kUnknown;
    std::string branch = "";
  };
  // An empty index with its history, and a selector over both; options.history is set here.
  void StartAnew(SelectorOptions options);
  SegmentInfo Upload(const UploadSpec& spec);
  // The same as the service does it: compared with what was before, chains shortened.
  SegmentInfo UploadAndKeep(const UploadSpec& spec);
  IndexKeeper::Unstable unstable_;  // of the last upload that was kept

  SelectionRequest Request(const ObjectId& base, const ObjectId& head,
                           const std::vector<std::string>& labels = {});
  std::shared_ptr<const Selection> Select(const SelectionRequest& request);

  // The labels of one of the lists of an answer that Select gave, in the requested order.
  std::vector<std::string> Names(const Selection& s, const std::string& bits) const;
  std::vector<std::string> Run(const Selection& s) const;  // in running order
  static uint64_t Reason(const Selection& s, ReasonCode code) {
    return s.reasons[static_cast<size_t>(code)];
  }

  Repo git_{Path("app")};
  std::unique_ptr<IndexStore> store_;
  std::unique_ptr<RepositorySource> repositories_;
  std::unique_ptr<TestHistory> history_;
  std::unique_ptr<Selector> selector_;

 private:
  const LabelList& LabelsOf(const Selection& s) const;
  UploadHeader HeaderOf(const UploadSpec& spec) const;

  mutable Mutex mutex_;  // tests select in several threads
  std::map<const Selection*, SelectionResult> results_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace testselect
