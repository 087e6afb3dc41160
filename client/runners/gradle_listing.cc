#include <map>
#include <set>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/files.h"
#include "client/runners/class_file.h"
#include "client/runners/gradle_runner.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

// Those whose value is the next argument.
bool TakesValue(absl::string_view option) {
  static const auto* const kOptions =
      new absl::flat_hash_set<absl::string_view>{"-b",
                                                 "--build-file",
                                                 "-c",
                                                 "--settings-file",
                                                 "-D",
                                                 "--system-prop",
                                                 "-F",
                                                 "--dependency-verification",
                                                 "-g",
                                                 "--gradle-user-home",
                                                 "-I",
                                                 "--init-script",
                                                 "-M",
                                                 "--write-verification-metadata",
                                                 "-P",
                                                 "--project-prop",
                                                 "-p",
                                                 "--project-dir",
                                                 "-x",
                                                 "--exclude-task",
                                                 "--configuration-cache-problems",
                                                 "--console",
                                                 "--include-build",
                                                 "--max-workers",
                                                 "--priority",
                                                 "--project-cache-dir",
                                                 "--update-locks",
                                                 "--warning-mode"};
  return kOptions->contains(option);
}

absl::Status CheckArgument(absl::string_view argument) {
  const absl::string_view name = argument.substr(0, argument.find('='));
  for (const absl::string_view refused :
       {"--tests", "--test-dry-run", "-t", "--continuous", "-m", "--dry-run"}) {
    if (name == refused) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, " behind --: it chooses what runs, which `testselect run` does; leave it out"));
    }
  }
  return absl::OkStatus();
}

// Whether classes may hold tests, by what their files say.
class TestClassFinder {
 public:
  // `name` as in a class file: "p/ATest$Inner".
  void Add(const std::string& name, const std::string& file) {
    const absl::StatusOr<std::string> bytes = ReadFile(file);
    auto parsed = bytes.ok() ? ReadClassFile(*bytes) : std::nullopt;
    // What cannot be read may be anything.
    if (!parsed.has_value()) parsed = ClassFile{.can_be_made = true, .has_marks = true};
    // Two modules may have classes of one name: what is true of either is.
    ClassFile& known = files_[name];
    known.can_be_made |= parsed->can_be_made;
    known.has_marks |= parsed->has_marks;
    known.interfaces.push_back(parsed->base);
    known.interfaces.insert(known.interfaces.end(), parsed->interfaces.begin(),
                            parsed->interfaces.end());
  }

  bool Holds(const std::string& name) const {
    return files_.at(name).can_be_made && MayInherit(name);
  }

 private:
  bool MayInherit(const std::string& name) const {
    std::vector<std::string> open = {name};
    std::set<std::string> seen;
    while (!open.empty()) {
      const std::string at = std::move(open.back());
      open.pop_back();
      if (at.empty() || absl::StartsWith(at, "java/") || !seen.insert(at).second) continue;
      const auto file = files_.find(at);
      if (file == files_.end() || file->second.has_marks) return true;
      open.insert(open.end(), file->second.interfaces.begin(), file->second.interfaces.end());
    }
    return false;
  }

  std::map<std::string, ClassFile> files_;
};

}  // namespace

absl::StatusOr<GradleArguments> ParseGradleArguments(absl::Span<const std::string> arguments) {
  GradleArguments parsed;
  bool has_task = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    TS_RETURN_IF_ERROR(CheckArgument(arguments[i]));
    parsed.words.push_back(arguments[i]);
    parsed.goes_on |= arguments[i] == "--continue";
    if (!absl::StartsWith(arguments[i], "-")) {
      has_task = true;
    } else if (TakesValue(arguments[i])) {
      if (i + 1 == arguments.size()) {
        return absl::InvalidArgumentError(
            absl::StrCat(arguments[i], " behind --: its value is missing"));
      }
      parsed.words.push_back(arguments[++i]);
    }
  }
  if (!has_task) parsed.words.push_back("test");
  return parsed;
}

absl::StatusOr<std::vector<std::vector<std::string>>> ReadRecords(absl::string_view content) {
  std::vector<std::vector<std::string>> records;
  std::vector<absl::string_view> fields = absl::StrSplit(content, '\0');
  // Behind the last NUL there is nothing.
  if (!fields.back().empty()) return absl::DataLossError("what Gradle's tasks told is cut off");
  fields.pop_back();
  for (size_t at = 0; at < fields.size();) {
    size_t count = 0;
    if (!absl::SimpleAtoi(fields[at], &count) || count == 0 || count >= fields.size() - at) {
      return absl::DataLossError("what Gradle's tasks told is cut off");
    }
    records.emplace_back(fields.begin() + at + 1, fields.begin() + at + 1 + count);
    at += 1 + count;
  }
  return records;
}

absl::StatusOr<GradleListing> ReadGradleListing(absl::string_view content) {
  GradleListing listing;
  TS_ASSIGN_OR_RETURN(const auto records, ReadRecords(content));
  TestClassFinder finder;
  std::vector<std::pair<std::string, std::string>> classes;  // outermost, itself
  for (const std::vector<std::string>& record : records) {
    if (record[0] == "project" && record.size() == 3) {
      listing.modules.push_back({record[1], record[2]});
    } else if (record[0] == "other" && record.size() == 2) {
      listing.other.push_back(record[1]);
    } else if (record[0] == "task") {
      ++listing.tasks;
    } else if (record[0] == "class" && record.size() == 4) {
      const std::string name(absl::StripSuffix(record[2], ".class"));
      finder.Add(name, record[3]);
      classes.emplace_back(record[1], name);
    }
  }
  std::set<std::string> seen;
  for (const auto& [outermost, name] : classes) {
    if (!finder.Holds(name)) continue;
    std::string label = absl::StrReplaceAll(outermost, {{"/", "."}});
    if (seen.insert(label).second) listing.labels.push_back(std::move(label));
  }
  return listing;
}

}  // namespace testselect::client
