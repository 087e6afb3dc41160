#include "tests/unit/selection/selection_fixture.h"

#include "server/git/open_repository.h"
#include "storage/memory_index_store.h"

namespace testselect {

SelectionTest::SelectionTest() {
  RepositorySetOptions options;
  options.repositories["app"] = git_.path();
  auto repositories = NewRepositorySet(options);
  EXPECT_TRUE(repositories.ok()) << repositories.status();
  repositories_ = *std::move(repositories);
  StartAnew({});
}

void SelectionTest::StartAnew(SelectorOptions options) {
  selector_.reset();
  history_.reset();
  store_ = NewMemoryIndexStore();
  history_ = std::make_unique<TestHistory>(store_.get(), options.trust);
  options.history = history_.get();
  selector_ = NewSelector(store_.get(), repositories_.get(), options);
}

UploadHeader SelectionTest::HeaderOf(const UploadSpec& spec) const {
  UploadHeader header;
  header.repository = "app";
  header.commit = spec.commit;
  header.tree = git_.Tree(spec.commit.ToHex());
  header.job = {spec.job, spec.flavor};
  header.shard_index = spec.shard;
  header.shard_count = spec.shards;
  header.attempt = spec.attempt;
  header.completeness = spec.completeness;
  header.environment_digest = spec.environment;
  header.isolation = spec.isolation;
  header.branch = spec.branch;
  return header;
}

SegmentInfo SelectionTest::UploadAndKeep(const UploadSpec& spec) {
  const UploadHeader header = HeaderOf(spec);
  const IndexKeeper& keeper = selector_->keeper();
  const auto before = keeper.Look(header);
  EXPECT_TRUE(before.ok()) << before.status();
  const absl::Status told = keeper.BeforeUpload(header);
  EXPECT_TRUE(told.ok()) << told;
  const SegmentInfo info = Upload(spec);
  unstable_ = {};
  if (*before != nullptr) {
    const auto unstable = keeper.AddUnstable(**before, info);
    EXPECT_TRUE(unstable.ok()) << unstable.status();
    unstable_ = *unstable;
  }
  selector_->Consolidate(header.repository, header.commit);
  selector_->WaitConsolidated();
  return info;
}

SegmentInfo SelectionTest::Upload(const UploadSpec& spec) {
  const UploadHeader header = HeaderOf(spec);
  auto dictionary = store_->NewestDictionary("app", header.job);
  EXPECT_TRUE(dictionary.ok()) << dictionary.status();
  SegmentBuilder builder(*dictionary);
  for (const Executed& e : spec.executed) {
    const ContextId context = builder.Context(e.label, e.phase);
    for (uint32_t line : e.lines) builder.AddLine(builder.File(e.path), line, {context});
  }
  for (const auto& [path, lines] : spec.global) {
    for (uint32_t line : lines) builder.AddLine(builder.File(path), line, {kGlobalContext});
  }
  for (const auto& [label, path] : spec.opened) {
    builder.AddOpened(builder.File(path), builder.Context(label, Phase::kRun));
  }
  for (const auto& [label, path] : spec.imported) {
    builder.AddImported(builder.File(path), builder.Context(label, Phase::kRun));
  }
  for (const auto& [key, labels] : spec.keys) {
    for (const std::string& label : labels) {
      builder.AddKeyed(builder.File(key), builder.Context(label, Phase::kRun));
    }
  }
  for (const auto& use : spec.fixtures) {
    builder.AddFixtureUse(builder.File(use.path), builder.Context(use.label, Phase::kRun),
                          use.range);
  }
  for (const auto& use : spec.entered) {
    builder.AddFunction(builder.File(use.path), builder.Context(use.label, Phase::kRun), use.range);
  }
  for (const std::string& label : spec.ran_without_evidence) builder.MarkRan(label);
  for (const auto& [label, outcome] : spec.outcomes) builder.AddOutcome(label, outcome);
  auto content = std::move(builder).Finish();
  EXPECT_TRUE(content.ok()) << content.status();
  IndexStore::CommitOptions options;
  options.quarantine_below = 0;
  auto info = store_->Commit(header, *content, options);
  EXPECT_TRUE(info.ok()) << info.status();
  EXPECT_TRUE(history_->Record(*info, *content).ok());
  return *info;
}

SelectionRequest SelectionTest::Request(const ObjectId& base, const ObjectId& head,
                                        const std::vector<std::string>& labels) {
  SelectionRequest request;
  request.repository = "app";
  request.base = base;
  request.head = head;
  if (!labels.empty()) {
    const std::vector<absl::string_view> views(labels.begin(), labels.end());
    request.requested = *LabelList::FromStrings("requested", views);
  }
  return request;
}

std::shared_ptr<const Selection> SelectionTest::Select(const SelectionRequest& request) {
  auto result = selector_->Select(request);
  EXPECT_TRUE(result.ok()) << result.status();
  if (!result.ok()) return std::make_shared<const Selection>();
  MutexLock lock(&mutex_);
  results_[result->selection.get()] = *result;
  return result->selection;
}

const LabelList& SelectionTest::LabelsOf(const Selection& s) const {
  MutexLock lock(&mutex_);
  return *results_.at(&s).labels;
}

std::vector<std::string> SelectionTest::Names(const Selection& s, const std::string& bits) const {
  std::vector<std::string> names;
  const LabelList& labels = LabelsOf(s);
  for (size_t i = 0; i < labels.size(); ++i) {
    if ((static_cast<unsigned char>(bits[i / 8]) >> (i % 8) & 1) != 0) {
      names.emplace_back(labels[i]);
    }
  }
  return names;
}

std::vector<std::string> SelectionTest::Run(const Selection& s) const {
  std::vector<std::string> names;
  const LabelList& labels = LabelsOf(s);
  for (uint32_t position : s.run) names.emplace_back(labels[position]);
  return names;
}

}  // namespace testselect
