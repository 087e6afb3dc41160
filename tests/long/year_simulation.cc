// A year of a team's history (tests/long.sh year): nearly every upload is a small part of the
// suite, shards get lost, attempts are repeated, branches are squashed. At every commit the
// selection must be what the evidence, taken whole, says.
//
// The yardstick knows the project (simulated_history.h): a test must run if nothing usable was
// uploaded of it, or if a function that it executes is another one at head than it was where the
// test was last recorded. Prints JSON lines as tests/bench.sh; exit status 1 where an answer
// differs.
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/git/open_repository.h"
#include "server/selection/index_keeper.h"
#include "server/selection/selector.h"
#include "storage/model/status_macros.h"
#include "storage/rocksdb_index_store.h"
#include "storage/segment_builder.h"
#include "tests/long/simulated_history.h"

namespace testselect {
namespace {

constexpr int kShownDifferences = 10;

int Below(std::mt19937& random, int limit) {
  return static_cast<int>(random() % static_cast<uint32_t>(limit));
}

// What was uploaded of one attempt of one commit, as far as it can be used.
struct UsableLayer {
  std::vector<int> tests;
  bool full = false;
};

class YearSimulation {
 public:
  YearSimulation(const HistoryOptions& options, std::string folder)
      : options_(options), folder_(std::move(folder)), random_(options.seed), project_(random_) {}

  absl::Status Run() {
    TS_RETURN_IF_ERROR(Open());
    TS_RETURN_IF_ERROR(MeasureGrowth());
    for (size_t i = 2; i < history_.size(); ++i) {
      TS_RETURN_IF_ERROR(Live(static_cast<int>(i)));
      if (i % 100 == 0) {
        std::cerr << i << " of " << history_.size() << " commits, " << wrong_ << " wrong\n";
      }
    }
    return Report();
  }

  bool holds() const { return wrong_ == 0 && growth_ <= 0.02 && unstable_ == 0; }

 private:
  absl::Status Open() {
    TS_ASSIGN_OR_RETURN(history_, DrawHistory(project_, options_, folder_));
    layers_.resize(history_.size());
    last_upload_.resize(history_.size());
    for (size_t i = 0; i < history_.size(); ++i) {
      of_state_[KeyOf(history_[i].state)].push_back(static_cast<int>(i));
    }
    TS_ASSIGN_OR_RETURN(store_, OpenRocksDbIndexStore({.path = folder_ + "/index"}));
    TS_ASSIGN_OR_RETURN(repositories_,
                        NewRepositorySet({.repositories = {{"app", folder_ + "/app"}},
                                          .mirror_dir = folder_ + "/mirrors"}));
    SelectorOptions options;
    options.on_consolidated = [this](const std::string&, const ObjectId&,
                                     const absl::StatusOr<ConsolidationReport>& done) {
      consolidation_.Update(done.status());
      if (done.ok()) consolidated_ += done->jobs;
    };
    selector_ = NewSelector(store_.get(), repositories_.get(), options);
    return absl::OkStatus();
  }

  // Two full uploads, the second with 1% of the files changed.
  absl::Status MeasureGrowth() {
    uint64_t bytes[2];
    for (int i = 0; i < 2; ++i) {
      TS_RETURN_IF_ERROR(UploadFull(i, /*may_be_lost=*/false));
      selector_->Prepare("app", history_[i].id);  // the sources are cut once, whoever does it
      selector_->WaitPrepared();
      TS_RETURN_IF_ERROR(store_->Compact());
      TS_ASSIGN_OR_RETURN(const StoreStats stats, store_->Stats());
      bytes[i] = stats.bytes_on_disk;
    }
    growth_ = static_cast<double>(bytes[1] - bytes[0]) / static_cast<double>(bytes[0]);
    first_bytes_ = bytes[0];
    return absl::OkStatus();
  }

  // A commit is pushed: CI selects, runs what must run, and uploads it.
  absl::Status Live(int commit) {
    const SimulatedCommit& c = history_[commit];
    int base = c.parent;
    while (!history_[base].on_main) base = history_[base].parent;
    TS_ASSIGN_OR_RETURN(const std::vector<int> run, Select(base, commit));
    const bool merge_queue_ran_it = c.on_main && IsSquash(commit) && Below(random_, 2) == 0;
    if (!run.empty() && !merge_queue_ran_it) TS_RETURN_IF_ERROR(UploadSubset(commit, run));
    return c.nightly ? UploadFull(commit, /*may_be_lost=*/true) : absl::OkStatus();
  }

  bool IsSquash(int commit) const {
    return commit > 0 && history_[commit].on_main && !history_[commit - 1].on_main;
  }

  absl::StatusOr<std::vector<int>> Select(int base, int head) {
    const std::vector<int> suite = project_.Suite(history_[head].state);
    std::vector<std::string> names;
    for (const int t : suite) names.push_back(project_.Label(t));
    SelectionRequest request;
    request.repository = "app";
    request.base = history_[base].id;
    request.head = history_[head].id;
    const std::vector<absl::string_view> views(names.begin(), names.end());
    TS_ASSIGN_OR_RETURN(request.requested, LabelList::FromStrings("labels", views));
    const absl::Time begin = absl::Now();
    TS_ASSIGN_OR_RETURN(const SelectionResult result, selector_->Select(request));
    select_time_ += absl::Now() - begin;
    ++selections_;
    std::vector<int> run;
    for (const uint32_t place : result.selection->run) run.push_back(suite[place]);
    std::sort(run.begin(), run.end());
    const std::vector<int> expected = Expected(base, head, suite);
    selected_ += run.size();
    requested_ += suite.size();
    if (!result.selection->index.empty()) {
      longest_ = std::max(longest_, result.selection->index[0].segments);
    }
    if (result.selection->fallback.has_value() || run != expected) {
      Complain(base, head, run, expected, result.selection->fallback);
    }
    return run;
  }

  // What the evidence says, by the yardstick's own walk through the history.
  std::vector<int> Expected(int base, int head, const std::vector<int>& suite) const {
    std::map<int, int> recorded;  // test -> the commit of its newest evidence
    std::set<int> seen;
    bool full = false;
    for (int commit = base; commit >= 0 && !full; commit = history_[commit].parent) {
      full = seen.insert(commit).second && TakeLayers(commit, &recorded);
      // Squashed branches, and changes that were taken back: the same tree, the last upload first.
      std::vector<int> twins = of_state_.at(KeyOf(history_[commit].state));
      std::sort(twins.begin(), twins.end(),
                [this](int a, int b) { return last_upload_[a] > last_upload_[b]; });
      for (const int twin : twins) {
        if (!full && seen.insert(twin).second) full = TakeLayers(twin, &recorded);
      }
    }
    std::vector<int> expected;
    for (const int t : suite) {
      const auto found = recorded.find(t);
      const bool must =
          found == recorded.end() ||
          std::any_of(project_.Executes(t).begin(), project_.Executes(t).end(), [&](int f) {
            return history_[found->second].state.values[f] != history_[head].state.values[f];
          });
      if (must) expected.push_back(t);
    }
    return expected;
  }

  static std::string KeyOf(const ProjectState& state) {
    std::string key;
    for (const int value : state.values) absl::StrAppend(&key, value, ",");
    for (const int lines : state.comments) absl::StrAppend(&key, lines, ",");
    for (const bool is : state.test_files) key += is ? 'y' : 'n';
    return key;
  }

  bool TakeLayers(int commit, std::map<int, int>* recorded) const {
    bool full = false;
    for (const UsableLayer& layer : layers_[commit]) {
      for (const int t : layer.tests) recorded->emplace(t, commit);
      full |= layer.full;
    }
    return full;
  }

  void Complain(int base, int head, const std::vector<int>& run, const std::vector<int>& expected,
                const std::optional<Fallback>& fallback) {
    if (++wrong_ > kShownDifferences) return;
    std::cerr << "commit " << head << " from " << base << ": ";
    if (fallback.has_value()) std::cerr << fallback->message << " ";
    std::vector<int> missing, extra;
    std::set_difference(expected.begin(), expected.end(), run.begin(), run.end(),
                        std::back_inserter(missing));
    std::set_difference(run.begin(), run.end(), expected.begin(), expected.end(),
                        std::back_inserter(extra));
    missed_ += !missing.empty();
    for (const int t : missing) std::cerr << " missing " << project_.Label(t);
    for (const int t : extra) std::cerr << " extra " << project_.Label(t);
    std::cerr << "\n";
  }

  // Two shards; now and then one is lost, or a first attempt came to half of the tests only.
  absl::Status UploadSubset(int commit, const std::vector<int>& tests) {
    std::vector<std::vector<int>> shards(2);
    for (const int t : tests) shards[t % 2].push_back(t);
    std::erase_if(shards, [](const std::vector<int>& shard) { return shard.empty(); });
    const auto count = static_cast<uint32_t>(shards.size());
    const bool lost = count > 1 && Below(random_, 20) == 0;
    const bool repeated = Below(random_, 15) == 0;
    if (repeated) {
      std::vector<int> half;
      for (uint32_t s = 0; s < count; ++s) {
        const std::vector<int> first(
            shards[s].begin(), shards[s].begin() + static_cast<long>(shards[s].size() + 1) / 2);
        TS_RETURN_IF_ERROR(Upload(commit, first, Completeness::kSubset, s, count, 1));
        half.insert(half.end(), first.begin(), first.end());
      }
      layers_[commit].insert(layers_[commit].begin(), {half, false});
    }
    for (uint32_t s = 0; s < count; ++s) {
      if (lost && s == 0) continue;
      TS_RETURN_IF_ERROR(
          Upload(commit, shards[s], Completeness::kSubset, s, count, repeated ? 2 : 1));
    }
    if (lost && !repeated) return absl::OkStatus();  // it waits for the other one
    std::vector<int> arrived = tests;
    if (lost) arrived = shards[1];
    layers_[commit].insert(layers_[commit].begin(), {arrived, false});
    return absl::OkStatus();
  }

  absl::Status UploadFull(int commit, bool may_be_lost) {
    constexpr uint32_t kShards = 4;
    const std::vector<int> suite = project_.Suite(history_[commit].state);
    const bool lost = may_be_lost && Below(random_, 10) == 0;
    for (uint32_t s = lost ? 1 : 0; s < kShards; ++s) {
      std::vector<int> tests;
      for (const int t : suite) {
        if (static_cast<uint32_t>(t) % kShards == s) tests.push_back(t);
      }
      TS_RETURN_IF_ERROR(Upload(commit, tests, Completeness::kFull, s, kShards, 1));
    }
    if (!lost) layers_[commit].push_back({suite, true});
    return absl::OkStatus();
  }

  absl::Status Upload(int commit, const std::vector<int>& tests, Completeness completeness,
                      uint32_t shard, uint32_t shards, uint32_t attempt) {
    UploadHeader header;
    header.repository = "app";
    header.commit = history_[commit].id;
    header.job = {"unit", {}};
    header.shard_index = shard;
    header.shard_count = shards;
    header.attempt = attempt;
    header.completeness = completeness;
    TS_ASSIGN_OR_RETURN(const auto git, repositories_->Find("app"));
    TS_ASSIGN_OR_RETURN(const CommitInfo info, git->Commit(header.commit));
    header.tree = info.tree;
    TS_ASSIGN_OR_RETURN(const SegmentContent content, ContentOf(commit, tests));
    const absl::Time begin = absl::Now();
    const IndexKeeper& keeper = selector_->keeper();
    TS_ASSIGN_OR_RETURN(const auto before, keeper.Look(header));
    TS_RETURN_IF_ERROR(keeper.BeforeUpload(header));
    TS_ASSIGN_OR_RETURN(const SegmentInfo stored, store_->Commit(header, content, {}));
    if (before != nullptr) {
      TS_ASSIGN_OR_RETURN(const auto unstable, keeper.AddUnstable(*before, stored));
      unstable_ += unstable.labels;
    }
    selector_->Consolidate("app", header.commit);
    selector_->WaitConsolidated();
    upload_time_ += absl::Now() - begin;
    last_upload_[commit] = ++uploads_;
    return consolidation_;
  }

  absl::StatusOr<SegmentContent> ContentOf(int commit, const std::vector<int>& tests) {
    TS_ASSIGN_OR_RETURN(const auto dictionary, store_->NewestDictionary("app", {"unit", {}}));
    SegmentBuilder builder(dictionary);
    const ProjectState& state = history_[commit].state;
    std::set<int> test_files;
    for (const int t : tests) {
      const int test_file = t / SimulatedProject::kTestsOfFile;
      test_files.insert(test_file);
      const ContextId context = builder.Context(project_.Label(t), Phase::kRun);
      builder.AddLine(builder.File(project_.TestPath(test_file)), project_.TestHeaderLine(t) + 1,
                      {context});
      for (const int f : project_.Executes(t)) {
        const int module = f / SimulatedProject::kFunctionsOfModule;
        builder.AddLine(builder.File(project_.ModulePath(module)),
                        project_.HeaderLine(state, f) + 1, {context});
      }
      builder.AddOutcome(project_.Label(t), {Outcome::kPassed, 0.01});
    }
    AddImportTime(state, test_files, &builder);
    return std::move(builder).Finish();
  }

  void AddImportTime(const ProjectState& state, const std::set<int>& test_files,
                     SegmentBuilder* builder) const {
    const auto global = [&](const std::string& path, uint32_t line) {
      builder->AddLine(builder->File(path), line, {kGlobalContext});
    };
    for (int m = 0; m < SimulatedProject::kModules; ++m) {
      for (uint32_t line = 1; line <= project_.ImportsOf(m); ++line) {
        global(project_.ModulePath(m), line);
      }
      for (int i = 0; i < SimulatedProject::kFunctionsOfModule; ++i) {
        global(project_.ModulePath(m),
               project_.HeaderLine(state, m * SimulatedProject::kFunctionsOfModule + i));
      }
    }
    for (const int file : test_files) {
      for (uint32_t line = 1; line <= project_.ImportsOfTest(file); ++line) {
        global(project_.TestPath(file), line);
      }
      for (int i = 0; i < SimulatedProject::kTestsOfFile; ++i) {
        global(project_.TestPath(file),
               project_.TestHeaderLine(file * SimulatedProject::kTestsOfFile + i));
      }
    }
  }

  absl::Status Report() {
    TS_RETURN_IF_ERROR(store_->Compact());
    TS_ASSIGN_OR_RETURN(const StoreStats stats, store_->Stats());
    const auto line = [](absl::string_view name, double value, absl::string_view unit,
                         absl::string_view kind, const std::string& against) {
      std::cout << "{\"name\":\"" << name << "\",\"value\":" << value << ",\"unit\":\"" << unit
                << "\",\"kind\":\"" << kind << "\",\"against\":\"" << against << "\"}\n";
    };
    line("year_wrong_selections", wrong_, "selections", "ratio",
         absl::StrCat(selections_, " selections"));
    line("year_selections_with_a_miss", missed_, "selections", "ratio",
         absl::StrCat(selections_, " selections"));
    line("year_selection_ratio", static_cast<double>(selected_) / static_cast<double>(requested_),
         "tests", "ratio", "tests asked for");
    line("year_false_instability", static_cast<double>(unstable_), "labels", "ratio",
         "0: nothing is unstable here");
    line("year_second_full_upload", growth_, "bytes", "ratio",
         "the first; 1% of the files changed");
    line("year_store", static_cast<double>(stats.bytes_on_disk) / static_cast<double>(first_bytes_),
         "bytes", "ratio", absl::StrCat("the first full upload; ", uploads_, " uploads in all"));
    line("year_longest_chain", longest_, "segments", "ratio", "");
    line("year_consolidations", static_cast<double>(consolidated_), "chains", "ratio", "");
    line("year_select_vs_upload", absl::FDivDuration(select_time_, upload_time_), "seconds",
         "ratio", "all uploads with comparison and consolidation");
    return absl::OkStatus();
  }

  const HistoryOptions options_;
  const std::string folder_;
  std::mt19937 random_;
  const SimulatedProject project_;
  std::vector<SimulatedCommit> history_;
  std::vector<std::vector<UsableLayer>> layers_;  // by commit, newest first
  std::vector<uint64_t> last_upload_;             // by commit: its number, 0: none
  std::map<std::string, std::vector<int>> of_state_;
  std::unique_ptr<IndexStore> store_;
  std::unique_ptr<RepositorySource> repositories_;
  absl::Status consolidation_;
  uint64_t consolidated_ = 0;
  std::unique_ptr<Selector> selector_;
  uint64_t selections_ = 0, uploads_ = 0, wrong_ = 0, missed_ = 0, selected_ = 0, requested_ = 0;
  uint64_t unstable_ = 0, first_bytes_ = 0;
  uint32_t longest_ = 0;
  double growth_ = 0;
  absl::Duration select_time_, upload_time_;
};

int Usage() {
  std::cerr << "usage: year_simulation [--seed N] [--days N] [--busy-days N] "
               "[--commits-of-busy-day N]\n";
  return 2;
}

int Main(int argc, char** argv) {
  HistoryOptions options;
  for (int i = 1; i < argc; i += 2) {
    const absl::string_view name = argv[i];
    int value = 0;
    if (i + 1 == argc || !absl::SimpleAtoi(argv[i + 1], &value) || value < 0) return Usage();
    if (name == "--seed") {
      options.seed = static_cast<uint32_t>(value);
    } else if (name == "--days") {
      options.days = value;
    } else if (name == "--busy-days") {
      options.busy_days = value;
    } else if (name == "--commits-of-busy-day") {
      options.commits_of_busy_day = value;
    } else {
      return Usage();
    }
  }
  std::string folder = (std::filesystem::temp_directory_path() / "testselect-year-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) {
    std::cerr << "no temporary folder can be made: " << folder << "\n";
    return 1;
  }
  bool holds = false;
  {
    YearSimulation year(options, folder);
    const absl::Status status = year.Run();
    if (!status.ok()) std::cerr << status << "\n";
    holds = status.ok() && year.holds();
  }
  std::filesystem::remove_all(folder);
  return holds ? 0 : 1;
}

}  // namespace
}  // namespace testselect

int main(int argc, char** argv) { return testselect::Main(argc, argv); }
