#include "client/runners/class_log.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <system_error>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/files.h"
#include "client/runners/class_file.h"
#include "storage/model/status_macros.h"
#include "storage/model/varint.h"

namespace testselect::client {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kFork = "\norg.apache.maven.surefire.booter.ForkedBooter source: ";
constexpr absl::string_view kMaven = "\norg.codehaus.plexus.classworlds.launcher.Launcher source: ";

// Maven's own JVM looks at all test classes, and at Surefire's.
bool IsOfFork(absl::string_view log) {
  const size_t fork = log.find(kFork);
  return fork != absl::string_view::npos && fork < log.find(kMaven);
}

// "%20" -> " "
std::string UrlDecoded(absl::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() &&
        absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 1])) &&
        absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 2]))) {
      out += absl::HexStringToBytes(text.substr(i + 1, 2));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// The few fields of evidence.proto that a report of lines has, as bytes.
void PutNumber(uint32_t field, uint64_t value, std::string& out) {
  PutVarint(&out, uint64_t{field} << 3);
  PutVarint(&out, value);
}

void PutField(uint32_t field, absl::string_view value, std::string& out) {
  PutVarint(&out, uint64_t{field} << 3 | 2);
  PutBytes(&out, value);
}

// A record of the stream: after its length.
void PutRecord(uint32_t field, absl::string_view value, std::string& out) {
  std::string record;
  PutField(field, value, record);
  PutBytes(&out, record);
}

std::string StartRecord() {
  std::string start;
  PutField(1, "testselect-evidence", start);
  PutNumber(2, 1, start);
  PutField(3, "testselect run maven", start);
  return start;
}

// An Observation of all lines of a file.
std::string WholeFile(uint32_t number, uint32_t lines) {
  std::string range, seen;
  PutVarint(&range, 1);
  PutVarint(&range, lines);
  PutNumber(1, number, seen);
  PutField(2, range, seen);
  return seen;
}

class ClassLogs {
 public:
  ClassLogs(const std::string& top, absl::Span<const std::string> modules,
            const absl::flat_hash_set<std::string>& labels)
      : top_(absl::StrCat(top, "/")), modules_(modules.begin(), modules.end()), labels_(labels) {}

  absl::Status Read(const std::string& path) {
    TS_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
    if (!IsOfFork(text)) return absl::OkStatus();
    std::set<std::string> sources;
    std::vector<std::string> tests;
    for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      const std::pair<absl::string_view, absl::string_view> pair =
          absl::StrSplit(line, absl::MaxSplits(" source: ", 1));
      absl::string_view place = absl::StripSuffix(pair.second, "/");
      absl::ConsumePrefix(&place, "jar:");
      if (!absl::ConsumePrefix(&place, "file:")) continue;
      AddClass(std::string(pair.first), UrlDecoded(place), sources);
      if (labels_.contains(pair.first)) tests.emplace_back(pair.first);
    }
    found_.one_log_a_label &= tests.size() == 1;
    for (const std::string& test : tests) executed_[test].insert(sources.begin(), sources.end());
    return absl::OkStatus();
  }

  absl::StatusOr<ClassEvidence> Write(const std::string& out) {
    found_.labels = executed_.size();
    if (executed_.empty() || !found_.unknown.empty()) return found_;
    std::string bytes;
    // EvidenceRecord's fields: 1 start, 2 file, 4 test, 6 end.
    PutRecord(1, StartRecord(), bytes);
    absl::flat_hash_map<std::string, std::pair<uint32_t, uint32_t>> files;  // number, lines
    for (const auto& [label, sources] : executed_) {
      for (const std::string& source : sources) {
        const auto [at, is_new] = files.try_emplace(source, files.size(), LineCount(source));
        if (!is_new) continue;
        std::string file;
        PutField(1, absl::string_view(source).substr(top_.size()), file);
        PutRecord(2, file, bytes);
      }
    }
    for (const auto& [label, sources] : executed_) {
      std::string test;
      PutField(1, label, test);
      for (const std::string& source : sources) {
        const auto& [number, lines] = files.at(source);
        PutField(2, WholeFile(number, lines), test);
      }
      PutRecord(4, test, bytes);
    }
    std::string end;
    PutNumber(1, executed_.size(), end);
    PutRecord(6, end, bytes);
    TS_RETURN_IF_ERROR(WriteFileAtomically(out, bytes));
    return found_;
  }

 private:
  static uint32_t LineCount(const std::string& file) {
    const absl::StatusOr<std::string> text = ReadFile(file);
    return text.ok() ? static_cast<uint32_t>(std::count(text->begin(), text->end(), '\n')) + 1 : 1;
  }

  // The module whose output `place` is: a folder of classes, or the archive made of one.
  std::optional<std::string> ModuleOf(const std::string& place) const {
    for (fs::path at = place; at.has_relative_path(); at = at.parent_path()) {
      if (at.filename() == "target" && modules_.contains(at.parent_path().string())) {
        return at.parent_path().string();
      }
    }
    return std::nullopt;
  }

  void AddClass(const std::string& name, const std::string& place, std::set<std::string>& sources) {
    if (!absl::StartsWith(place, top_)) return;
    const auto [known, is_new] = sources_of_.try_emplace(absl::StrCat(place, "\n", name));
    if (is_new) {
      const std::optional<std::string> module = ModuleOf(place);
      if (module.has_value()) {
        known->second = SourcesOf(name, *module);
      } else {
        found_.unknown.push_back(absl::StrCat(name, " (", place, ")"));
      }
    }
    sources.insert(known->second.begin(), known->second.end());
  }

  // The files that may be the class's source; none for a class made by a tool. The compiler writes
  // a source's name without its folders.
  std::vector<std::string> SourcesOf(const std::string& name, const std::string& module) {
    const std::string inside = absl::StrReplaceAll(name, {{".", "/"}});
    std::string file;
    for (const absl::string_view output : {"classes", "test-classes"}) {
      const absl::StatusOr<std::string> bytes =
          ReadFile(absl::StrCat(module, "/target/", output, "/", inside, ".class"));
      if (!bytes.ok()) continue;
      if (const auto parsed = ReadClassFile(*bytes)) file = parsed->source;
    }
    const std::string package = inside.substr(0, inside.rfind('/') + 1);
    if (file.empty()) {  // compiled without that name, or not in a folder
      const absl::string_view outermost = absl::string_view(name).substr(0, name.find('$'));
      file = absl::StrCat(outermost.substr(outermost.rfind('.') + 1), ".java");
    }
    const std::vector<std::string>& candidates = Named(module)[file];
    std::vector<std::string> fitting;
    for (const std::string& candidate : candidates) {
      if (absl::EndsWith(candidate, absl::StrCat("/", package, file))) fitting.push_back(candidate);
    }
    return fitting.empty() ? candidates : fitting;
  }

  // A module's files by name, without what its build made.
  std::map<std::string, std::vector<std::string>>& Named(const std::string& module) {
    const auto [known, is_new] = files_of_.try_emplace(module);
    if (!is_new) return known->second;
    std::error_code error;
    for (fs::recursive_directory_iterator at(module, error), end; !error && at != end;
         at.increment(error)) {
      const std::string name = at->path().filename().string();
      if (at->is_directory(error)) {
        if (name == "target" || name == ".git") at.disable_recursion_pending();
      } else {
        known->second[name].push_back(at->path().string());
      }
    }
    return known->second;
  }

  const std::string top_;
  const std::set<std::string> modules_;
  const absl::flat_hash_set<std::string>& labels_;
  std::map<std::string, std::set<std::string>> executed_;  // label -> absolute paths
  absl::flat_hash_map<std::string, std::vector<std::string>> sources_of_;
  std::map<std::string, std::map<std::string, std::vector<std::string>>> files_of_;
  ClassEvidence found_;
};

}  // namespace

std::string ClassLogOption(const std::string& folder) {
  return absl::StrCat("-Xlog:class+load=info:file=", folder, "/%p.log:none:filecount=0");
}

absl::StatusOr<ClassEvidence> WriteClassEvidence(const std::string& folder, const std::string& top,
                                                 absl::Span<const std::string> modules,
                                                 const absl::flat_hash_set<std::string>& labels,
                                                 const std::string& out) {
  ClassLogs logs(top, modules, labels);
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    TS_RETURN_IF_ERROR(logs.Read(at->path().string()));
  }
  if (error) return ErrnoStatus(absl::StrCat("cannot read ", folder), error.value());
  return logs.Write(out);
}

}  // namespace testselect::client
