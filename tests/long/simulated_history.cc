#include "tests/long/simulated_history.h"

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

int ModuleOf(int function) { return function / SimulatedProject::kFunctionsOfModule; }

int Below(std::mt19937& random, int limit) {
  return static_cast<int>(random() % static_cast<uint32_t>(limit));
}

// Writes what differs between two states as commands of fast-import.
void WriteChanges(const SimulatedProject& project, const ProjectState* before,
                  const ProjectState& after, std::ofstream& out) {
  const auto file = [&](const std::string& path, const std::string& text) {
    out << "M 100644 inline " << path << "\ndata " << text.size() << "\n" << text << "\n";
  };
  for (int m = 0; m < SimulatedProject::kModules; ++m) {
    const std::string text = project.ModuleText(after, m);
    if (before == nullptr || project.ModuleText(*before, m) != text) {
      file(project.ModulePath(m), text);
    }
  }
  for (int t = 0; t < SimulatedProject::kTestFiles; ++t) {
    const bool was = before != nullptr && before->test_files[t], is = after.test_files[t];
    if (is && !was) file(project.TestPath(t), project.TestText(t));
    if (was && !is) out << "D " << project.TestPath(t) << "\n";
  }
}

class HistoryWriter {
 public:
  HistoryWriter(const SimulatedProject& project, const std::string& path)
      : project_(project), path_(path), stream_(path + "/stream", std::ios::binary) {}

  void Write(const std::vector<SimulatedCommit>& history) {
    for (size_t i = 0; i < history.size(); ++i) WriteCommit(history, i);
    stream_ << "done\n";
  }

  absl::Status Import(std::vector<SimulatedCommit>* history) {
    stream_.close();
    if (!stream_) return absl::InternalError(absl::StrCat(path_, "/stream cannot be written"));
    const int status = std::system(absl::StrCat("git -C '", path_,
                                                "/app' fast-import --quiet --done --export-marks='",
                                                path_, "/marks' < '", path_, "/stream'")
                                       .c_str());
    if (status != 0)
      return absl::InternalError(absl::StrCat("git fast-import ended with ", status));
    std::ifstream marks(path_ + "/marks");
    char colon = 0;
    size_t mark = 0;
    std::string id;
    size_t found = 0;
    while (marks >> colon >> mark >> id) {
      TS_ASSIGN_OR_RETURN((*history)[mark - 1].id, ObjectId::FromHex("mark", id));
      ++found;
    }
    if (found != history->size()) return absl::InternalError("git fast-import lost commits");
    return absl::OkStatus();
  }

 private:
  void WriteCommit(const std::vector<SimulatedCommit>& history, size_t i) {
    const SimulatedCommit& commit = history[i];
    const std::string message = absl::StrCat("commit ", i);
    stream_ << "commit refs/heads/" << (commit.on_main ? "main" : absl::StrCat("topic", i)) << "\n"
            << "mark :" << i + 1 << "\n"
            << "committer t <t@localhost> " << 1'700'000'000 + 60 * i << " +0000\n"
            << "data " << message.size() << "\n"
            << message << "\n";
    if (commit.parent >= 0) stream_ << "from :" << commit.parent + 1 << "\n";
    WriteChanges(project_, commit.parent < 0 ? nullptr : &history[commit.parent].state,
                 commit.state, stream_);
    stream_ << "\n";
  }

  const SimulatedProject& project_;
  const std::string path_;
  std::ofstream stream_;
};

class HistoryDrawer {
 public:
  HistoryDrawer(const SimulatedProject& project, const HistoryOptions& options)
      : project_(project), options_(options), random_(options.seed) {}

  std::vector<SimulatedCommit> Draw() && {
    Add(-1, project_.FirstState(), true);
    ProjectState one_percent = history_[0].state;
    ++one_percent.values[0];
    Add(0, one_percent, true);
    main_ = 1;
    for (day_ = 0; day_ < options_.days; ++day_) {
      const int commits =
          day_ < options_.busy_days ? options_.commits_of_busy_day : options_.commits_of_other_day;
      for (int i = 0; i < commits; ++i) DrawMain();
      history_[main_].nightly = true;
    }
    return std::move(history_);
  }

 private:
  int Add(int parent, ProjectState state, bool on_main) {
    SimulatedCommit& commit = history_.emplace_back();
    commit.parent = parent;
    commit.day = day_;
    commit.on_main = on_main;
    commit.state = std::move(state);
    return static_cast<int>(history_.size()) - 1;
  }

  // One commit on main: as it is, or a branch of some commits squashed.
  void DrawMain() {
    if (Below(random_, 5) != 0) {
      main_ = Add(main_, Edited(history_[main_].state), true);
      return;
    }
    int tip = main_;
    for (int left = 1 + Below(random_, 3); left > 0; --left) {
      tip = Add(tip, Edited(history_[tip].state), false);
    }
    main_ = Add(main_, history_[tip].state, true);
  }

  ProjectState Edited(const ProjectState& before) {
    ProjectState state = before;
    const int kind = Below(random_, 20);
    if (kind < 14) {
      for (int left = 1 + Below(random_, 3); left > 0; --left) {
        int& value = state.values[Below(random_, SimulatedProject::kFunctions)];
        value = Below(random_, 4);  // now and then what it was before
      }
    } else if (kind < 18) {
      int& lines = state.comments[Below(random_, SimulatedProject::kModules)];
      lines = (lines + 1) % 4;
    } else {
      const int file = Below(random_, SimulatedProject::kTestFiles);
      state.test_files[file] = !state.test_files[file];
    }
    return state;
  }

  const SimulatedProject& project_;
  const HistoryOptions options_;
  std::mt19937 random_;
  std::vector<SimulatedCommit> history_;
  int main_ = 0, day_ = 0;
};

}  // namespace

SimulatedProject::SimulatedProject(std::mt19937& random)
    : calls_(kFunctions),
      test_calls_(kTestFiles * kTestsOfFile),
      executes_(kTestFiles * kTestsOfFile),
      imports_(kModules),
      test_imports_(kTestFiles) {
  for (int f = 0; f < kFunctions; ++f) {
    if (ModuleOf(f) == kModules - 1 || Below(random, 3) == 0) continue;
    const int first = (ModuleOf(f) + 1) * kFunctionsOfModule;  // a later module's: no cycles
    const int callee = first + Below(random, std::min(kFunctions - first, 60));
    calls_[f].push_back(callee);
    imports_[ModuleOf(f)].insert(ModuleOf(callee));
  }
  for (int t = 0; t < kTestFiles * kTestsOfFile; ++t) {
    for (int left = 1 + Below(random, 2); left > 0; --left) {
      int function = Below(random, kFunctions);
      test_calls_[t].push_back(function);
      test_imports_[t / kTestsOfFile].insert(ModuleOf(function));
      std::vector<int> todo{function};
      while (!todo.empty()) {
        function = todo.back();
        todo.pop_back();
        if (!executes_[t].insert(function).second) continue;
        todo.insert(todo.end(), calls_[function].begin(), calls_[function].end());
      }
    }
  }
}

ProjectState SimulatedProject::FirstState() const {
  ProjectState state;
  state.values.assign(kFunctions, 0);
  state.comments.assign(kModules, 1);
  state.test_files.assign(kTestFiles, true);
  return state;
}

std::string SimulatedProject::ModulePath(int module) const {
  return absl::StrCat("m", module, ".py");
}
std::string SimulatedProject::TestPath(int file) const {
  return absl::StrCat("tests/test_", file, ".py");
}

std::string SimulatedProject::ModuleText(const ProjectState& state, int module) const {
  std::string text;
  for (const int imported : imports_[module]) absl::StrAppend(&text, "import m", imported, "\n");
  for (int i = 0; i < state.comments[module]; ++i) text += "# a remark\n";
  for (int i = 0; i < kFunctionsOfModule; ++i) {
    const int f = module * kFunctionsOfModule + i;
    absl::StrAppend(&text, "def f", f, "():\n    return ", state.values[f]);
    for (const int callee : calls_[f]) {
      absl::StrAppend(&text, " + m", ModuleOf(callee), ".f", callee, "()");
    }
    text += "\n";
  }
  return text;
}

std::string SimulatedProject::TestText(int file) const {
  std::string text;
  for (const int imported : test_imports_[file]) absl::StrAppend(&text, "import m", imported, "\n");
  for (int i = 0; i < kTestsOfFile; ++i) {
    const int t = file * kTestsOfFile + i;
    absl::StrAppend(&text, "def test_", t, "():\n    assert 0 <= 0");
    for (const int f : test_calls_[t]) absl::StrAppend(&text, " + m", ModuleOf(f), ".f", f, "()");
    text += "\n";
  }
  return text;
}

std::vector<int> SimulatedProject::Suite(const ProjectState& state) const {
  std::vector<int> tests;
  for (int t = 0; t < kTestFiles * kTestsOfFile; ++t) {
    if (state.test_files[t / kTestsOfFile]) tests.push_back(t);
  }
  return tests;
}

std::string SimulatedProject::Label(int test) const {
  return absl::StrCat(TestPath(test / kTestsOfFile), "::test_", test);
}

uint32_t SimulatedProject::HeaderLine(const ProjectState& state, int function) const {
  const int module = ModuleOf(function), place = function % kFunctionsOfModule;
  return ImportsOf(module) + static_cast<uint32_t>(state.comments[module] + 2 * place) + 1;
}

uint32_t SimulatedProject::TestHeaderLine(int test) const {
  return ImportsOfTest(test / kTestsOfFile) + static_cast<uint32_t>(2 * (test % kTestsOfFile)) + 1;
}

absl::StatusOr<std::vector<SimulatedCommit>> DrawHistory(const SimulatedProject& project,
                                                         const HistoryOptions& options,
                                                         const std::string& path) {
  if (std::system(absl::StrCat("git init -q -b main '", path, "/app'").c_str()) != 0) {
    return absl::InternalError(absl::StrCat("git init failed in ", path));
  }
  std::vector<SimulatedCommit> history = HistoryDrawer(project, options).Draw();
  HistoryWriter writer(project, path);
  writer.Write(history);
  TS_RETURN_IF_ERROR(writer.Import(&history));
  return history;
}

}  // namespace testselect
