#include "client/cli/project_scan.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/files.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepest = 6;
constexpr size_t kMostFiles = 50'000;
constexpr uintmax_t kLargestSign = 1 << 20;

constexpr const char* kSkippedFolders[] = {
    "node_modules", "build",       "dist",     "target",   "vendor",
    "third_party",  "__pycache__", "venv",     "env",      "site-packages",
    "cmake-build",  "out",         "coverage", "testdata", "fixtures",
    "__fixtures__", "seeds",       "corpus",   "golden"};
constexpr const char* kDotFolders[] = {".github",    ".gitlab", ".circleci",
                                       ".buildkite", ".ci",     ".config"};

constexpr std::pair<const char*, const char*> kLanguages[] = {
    {".py", "Python"},      {".go", "Go"},          {".cc", "C++"},        {".cpp", "C++"},
    {".cxx", "C++"},        {".hpp", "C++"},        {".c", "C"},           {".js", "JavaScript"},
    {".jsx", "JavaScript"}, {".mjs", "JavaScript"}, {".ts", "TypeScript"}, {".tsx", "TypeScript"},
    {".java", "Java"},      {".kt", "Kotlin"},      {".rs", "Rust"},       {".rb", "Ruby"}};

bool IsOneOf(const std::string& name, const auto& names) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string BaseOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

absl::StatusOr<std::vector<std::string>> ListFiles(const std::string& top) {
  std::error_code error;
  std::vector<std::string> files;
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator it(top, options, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;  // what cannot be looked at is no sign of anything
    if (it->is_directory(ignored) && !it->is_symlink(ignored)) {
      const bool hidden = name[0] == '.' && !IsOneOf(name, kDotFolders);
      if (hidden || IsOneOf(name, kSkippedFolders) || it.depth() >= kDeepest) {
        it.disable_recursion_pending();
      }
    } else if (it->is_regular_file(ignored) && files.size() < kMostFiles) {
      files.push_back(it->path().string().substr(top.size() + 1));
    }
  }
  if (error) return ErrnoStatus(absl::StrCat("cannot read ", top), error.value());
  std::sort(files.begin(), files.end());
  return files;
}

// Reads the signs. One runner of a kind for each folder, and none below another of its kind.
class Scanner {
 public:
  Scanner(const std::string& top, const std::vector<std::string>& files)
      : top_(top), files_(files) {}

  ProjectScan Scan() && {
    for (const std::string& file : files_) Look(file);
    if (!Has("pytest") && !python_test_.empty()) AddPytest(python_test_, "");
    Finish();
    return std::move(scan_);
  }

 private:
  bool Has(absl::string_view name) const {
    return std::any_of(scan_.runners.begin(), scan_.runners.end(),
                       [name](const FoundRunner& runner) { return runner.name == name; });
  }

  // "" where it is too large to be what it seems, or cannot be read.
  std::string Read(const std::string& file) const {
    std::error_code error;
    const std::string path = absl::StrCat(top_, "/", file);
    if (fs::file_size(path, error) > kLargestSign || error) return "";
    return ReadFile(path).value_or("");
  }

  void Look(const std::string& file) {
    const std::string name = BaseOf(file);
    const size_t dot = name.rfind('.');
    for (const auto& [ending, language] : kLanguages) {
      if (dot != std::string::npos && name.substr(dot) == ending) ++languages_[language];
    }
    if (name == "suitespec.yml") scan_.suitespecs.push_back(file);
    LookAtPython(file, name);
    LookAtOthers(file, name);
    LookAtCi(file, name);
  }

  void LookAtPython(const std::string& file, const std::string& name) {
    const bool says_pytest =
        name == "pytest.ini" || name == "conftest.py" ||
        (name == "pyproject.toml" && absl::StrContains(Read(file), "[tool.pytest")) ||
        (name == "setup.cfg" && absl::StrContains(Read(file), "[tool:pytest]")) ||
        (name == "tox.ini" && absl::StrContains(Read(file), "[pytest]"));
    // A conftest.py lies where the tests are, not where pytest is started.
    if (says_pytest) AddPytest(file, name == "conftest.py" ? PythonTopOf(file) : FolderOf(file));
    const bool is_test = absl::EndsWith(name, ".py") &&
                         (absl::StartsWith(name, "test_") || absl::EndsWith(name, "_test.py"));
    if (is_test && python_test_.empty()) python_test_ = file;
  }

  std::string PythonTopOf(const std::string& file) const {
    for (std::string folder = FolderOf(file); !folder.empty(); folder = FolderOf(folder)) {
      for (const char* sign : {"pyproject.toml", "setup.cfg", "setup.py", "tox.ini"}) {
        const std::string path = absl::StrCat(folder, "/", sign);
        if (std::binary_search(files_.begin(), files_.end(), path)) return folder;
      }
    }
    return "";
  }

  void AddPytest(const std::string& sign, const std::string& folder) {
    Add({.name = "pytest",
         .sign = sign,
         .folder = folder,
         .run_name = "pytest",
         .labels_command = "pytest --collect-only -q",
         .record_command = "pytest --cov=. --cov-context=test --junitxml=junit.xml",
         .upload_reports = "--outcomes junit.xml .coverage",
         .run_command = "test ! -s run.txt || pytest @run.txt"});
  }

  void LookAtOthers(const std::string& file, const std::string& name) {
    const std::string folder = FolderOf(file);
    if (name == "go.mod") AddPlain("go test", file, folder, "go");
    if (name == "pom.xml") AddPlain("Maven Surefire", file, folder, "maven");
    if (name == "build.gradle" || name == "build.gradle.kts") {
      AddPlain("Gradle", file, folder, "gradle");
    }
    if (name == "Cargo.toml") AddPlain("cargo test", file, folder, "cargo");
    // In the .config folder of a workspace.
    if (file == ".config/nextest.toml" || absl::EndsWith(file, "/.config/nextest.toml")) {
      nextest_sign_ = file;
    }
    if (name == ".rspec") AddPlain("RSpec", file, folder, "rspec");
    if (name == "Gemfile" && absl::StrContains(Read(file), "rspec")) {
      AddPlain("RSpec", file, folder, "rspec");
    }
    if (name == "package.json") LookAtPackage(file, folder);
    if (name == "CMakeLists.txt") {
      const std::string text = Read(file);
      if (absl::StrContains(text, "enable_testing") || absl::StrContains(text, "include(CTest)")) {
        Add({.name = "CTest",
             .sign = file,
             .folder = folder,
             .run_name = "ctest",
             .run_arguments = " -- --test-dir build",
             .before = "  # build first; --coverage has tests leave evidence (C: CMAKE_C_FLAGS)\n"
                       "  cmake -B build -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS=--coverage\n"
                       "  cmake --build build\n"});
      }
    }
  }

  void LookAtPackage(const std::string& file, const std::string& folder) {
    const std::string text = Read(file);
    if (absl::StrContains(text, "\"jest\"")) AddPlain("Jest", file, folder, "jest");
    if (absl::StrContains(text, "\"vitest\"")) AddPlain("Vitest", file, folder, "vitest");
  }

  void AddPlain(const std::string& name, const std::string& sign, const std::string& folder,
                const std::string& run_name = "") {
    Add({.name = name, .sign = sign, .folder = folder, .run_name = run_name});
  }

  // Modules below another of the same kind are that one's.
  void Add(FoundRunner runner) {
    for (const FoundRunner& known : scan_.runners) {
      const bool below = known.folder.empty() || known.folder == runner.folder ||
                         absl::StartsWith(runner.folder, absl::StrCat(known.folder, "/"));
      if (known.name == runner.name && below) return;
    }
    std::erase_if(scan_.runners, [&runner](const FoundRunner& known) {
      return known.name == runner.name &&
             (runner.folder.empty() ||
              absl::StartsWith(known.folder, absl::StrCat(runner.folder, "/")));
    });
    scan_.runners.push_back(std::move(runner));
  }

  void LookAtCi(const std::string& file, const std::string& name) {
    constexpr const char* kNames[] = {".gitlab-ci.yml", "Jenkinsfile", "azure-pipelines.yml",
                                      ".travis.yml",    ".drone.yml",  "bitbucket-pipelines.yml"};
    constexpr const char* kFolders[] = {".github/workflows/", ".circleci/", ".buildkite/"};
    const bool in_folder = std::any_of(std::begin(kFolders), std::end(kFolders),
                                       [&](const char* f) { return absl::StartsWith(file, f); });
    if (in_folder || (FolderOf(file).empty() && IsOneOf(name, kNames))) {
      scan_.ci_files.push_back(file);
      const std::string text = Read(file);
      for (const char* const call : {"cargo nextest", "cargo-nextest"}) {
        if (absl::StrContains(text, call) && nextest_sign_.empty()) nextest_sign_ = file;
      }
    }
    constexpr const char* kCodecov[] = {"codecov.yml", ".codecov.yml", "codecov.yaml",
                                        ".codecov.yaml"};
    const std::string folder = FolderOf(file);
    if (!IsOneOf(name, kCodecov) || !(folder.empty() || folder == ".github")) return;
    scan_.codecov_file = file;
    ReadCodecov(Read(file));
  }

  void ReadCodecov(const std::string& text) {
    try {  // yaml-cpp throws where a text is no YAML: then it names no runners
      const YAML::Node root = YAML::Load(text);
      if (!root.IsMap() || !root["cli"].IsMap() || !root["cli"]["runners"].IsMap()) return;
      for (const auto& runner : root["cli"]["runners"]) {
        scan_.codecov_runners.push_back(runner.first.as<std::string>());
      }
    } catch (const YAML::Exception&) {
      scan_.codecov_runners.clear();
    }
  }

  void Finish() {
    std::vector<std::pair<size_t, std::string>> by_count;
    for (const auto& [language, count] : languages_) by_count.emplace_back(count, language);
    std::sort(by_count.rbegin(), by_count.rend());
    for (const auto& [count, language] : by_count) scan_.languages.push_back(language);
    std::sort(scan_.runners.begin(), scan_.runners.end(),
              [](const FoundRunner& a, const FoundRunner& b) {
                return std::tie(a.folder, a.name) < std::tie(b.folder, b.name);
              });
    if (!nextest_sign_.empty()) UseNextest();
    scan_.paths = files_;
  }

  // Where CI runs nextest, or it is configured, its rules hold for the tests (retries, groups).
  void UseNextest() {
    for (FoundRunner& runner : scan_.runners) {
      if (runner.run_name != "cargo") continue;
      runner.name = runner.run_name = "nextest";
      runner.sign = nextest_sign_;
      runner.before = "  # where it is missing: cargo install cargo-nextest --locked\n";
    }
  }

  const std::string& top_;
  const std::vector<std::string>& files_;
  ProjectScan scan_;
  std::map<std::string, size_t> languages_;
  std::string python_test_;
  std::string nextest_sign_;  // the file that speaks of nextest; empty: none
};

}  // namespace

absl::StatusOr<ProjectScan> ScanProject(const std::string& top) {
  TS_ASSIGN_OR_RETURN(const std::vector<std::string> files, ListFiles(top));
  return Scanner(top, files).Scan();
}

}  // namespace testselect::client
