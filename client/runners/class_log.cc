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
#include "client/runners/java_recorder.h"
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

std::string StartRecord(absl::string_view producer) {
  std::string start;
  PutField(1, "testselect-evidence", start);
  PutNumber(2, 1, start);
  PutField(3, producer, start);
  return start;
}

// What a label did with a source file. Nothing: it loaded a class of it, and entered no method.
struct Seen {
  bool whole = false;  // what it entered is not known
  std::set<JavaLines> functions, lines;
};

// First and last line of each range that begins in a file of `count` lines; a compiler may number
// what it wrote itself beyond the end.
std::string Ranges(const std::set<JavaLines>& ranges, uint32_t count) {
  std::string packed;
  for (const auto& [first, last] : ranges) {
    if (first == 0 || first > count) continue;
    PutVarint(&packed, first);
    PutVarint(&packed, std::min(last, count));
  }
  return packed;
}

// An Observation of a file of `count` lines.
std::string Observed(const Seen& seen, uint32_t number, uint32_t count) {
  const std::string lines =
      Ranges(seen.whole ? std::set<JavaLines>{{1, count}} : seen.lines, count);
  const std::string functions = Ranges(seen.whole ? std::set<JavaLines>{} : seen.functions, count);
  std::string observed;
  PutNumber(1, number, observed);
  if (!lines.empty()) PutField(2, lines, observed);
  if (!functions.empty()) PutField(3, functions, observed);
  if (lines.empty() && functions.empty()) PutNumber(5, 1, observed);  // imported
  return observed;
}

class LogReader {
 public:
  LogReader(const ClassLogs& logs, const absl::flat_hash_set<std::string>& labels)
      : logs_(logs), top_(absl::StrCat(logs.top, "/")), labels_(labels) {
    for (const BuildModule& module : logs.modules) folder_of_.emplace(module.output, module.folder);
  }

  absl::Status Read(const std::string& path) {
    TS_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
    if (logs_.only_of_surefire && !IsOfFork(text)) return absl::OkStatus();
    const EnteredByTests entered = Entered(path);
    std::map<std::string, std::vector<std::string>> loaded;  // by class: its sources
    std::set<std::string> tests;
    for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      const std::pair<absl::string_view, absl::string_view> pair =
          absl::StrSplit(line, absl::MaxSplits(" source: ", 1));
      absl::string_view place = absl::StripSuffix(pair.second, "/");
      absl::ConsumePrefix(&place, "jar:");
      if (!absl::ConsumePrefix(&place, "file:")) continue;
      const std::string name(pair.first);
      const std::vector<std::string>& sources = Sources(name, UrlDecoded(place));
      loaded[name].insert(loaded[name].end(), sources.begin(), sources.end());
      std::string outermost = OutermostClass(pair.first);
      if (labels_.contains(outermost)) tests.insert(std::move(outermost));
    }
    found_.one_log_a_label &= tests.size() == 1;
    for (const std::string& test : tests) {
      const auto own = entered.tests.find(test);
      // What a JVM of its own did before and after its test is the test's, too.
      const bool shared = tests.size() > 1 && own != entered.tests.end();
      Add(loaded, entered.all, shared ? own->second : entered.all, executed_[test]);
      if (!shared) continue;
      for (const auto& [name, methods] : entered.outside) {
        for (const std::string& source : loaded[name]) AddMethods(methods, outside_[source]);
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<ClassEvidence> Write(const std::string& out) {
    found_.labels = executed_.size();
    if (executed_.empty() || !found_.unknown.empty()) return found_;
    std::string bytes;
    // EvidenceRecord's fields: 1 start, 2 file, 4 test, 5 outside, 6 end.
    PutRecord(1, StartRecord(logs_.producer), bytes);
    Files files;
    for (const auto& [label, sources] : executed_) NameFiles(sources, files, bytes);
    NameFiles(outside_, files, bytes);
    for (const auto& [label, sources] : executed_) {
      std::string test;
      PutField(1, label, test);
      PutSources(sources, files, 2, test);
      PutRecord(4, test, bytes);
    }
    if (!outside_.empty()) {
      std::string outside;
      PutSources(outside_, files, 1, outside);
      PutRecord(5, outside, bytes);
    }
    std::string end;
    PutNumber(1, executed_.size(), end);
    PutRecord(6, end, bytes);
    TS_RETURN_IF_ERROR(WriteFileAtomically(out, bytes));
    return found_;
  }

 private:
  using Files = absl::flat_hash_map<std::string, std::pair<uint32_t, uint32_t>>;  // number, lines

  void NameFiles(const std::map<std::string, Seen>& sources, Files& files,
                 std::string& bytes) const {
    for (const auto& [source, seen] : sources) {
      const auto [at, is_new] = files.try_emplace(source, files.size(), LineCount(source));
      if (!is_new) continue;
      std::string file;
      PutField(1, absl::string_view(source).substr(top_.size()), file);
      PutRecord(2, file, bytes);
    }
  }

  static void PutSources(const std::map<std::string, Seen>& sources, const Files& files,
                         uint32_t field, std::string& record) {
    for (const auto& [source, seen] : sources) {
      const auto& [number, lines] = files.at(source);
      PutField(field, Observed(seen, number, lines), record);
    }
  }

  static uint32_t LineCount(const std::string& file) {
    const absl::StatusOr<std::string> text = ReadFile(file);
    return text.ok() ? static_cast<uint32_t>(std::count(text->begin(), text->end(), '\n')) + 1 : 1;
  }

  // The output that `place` lies in: a folder of classes, or an archive.
  std::optional<std::string> OutputOf(const std::string& place) const {
    for (fs::path at = place; at.has_relative_path(); at = at.parent_path()) {
      if (folder_of_.contains(at.string())) return at.string();
    }
    return std::nullopt;
  }

  static void AddMethods(const EnteredMethods& methods, Seen& to) {
    to.functions.insert(methods.functions.begin(), methods.functions.end());
    to.lines.insert(methods.lines.begin(), methods.lines.end());
  }

  // What one test did in a JVM that loaded `loaded`, and watched the classes of `watched`.
  static void Add(const std::map<std::string, std::vector<std::string>>& loaded,
                  const EnteredClasses& watched, const EnteredClasses& entered,
                  std::map<std::string, Seen>& executed) {
    for (const auto& [name, sources] : loaded) {
      const auto methods = entered.find(name);
      for (const std::string& source : sources) {
        Seen& seen = executed[source];
        seen.whole |= !watched.contains(name);
        if (methods != entered.end()) AddMethods(methods->second, seen);
      }
    }
  }

  // What the recorder says of the JVM of a log; nothing where it was not there, or could not end.
  static EnteredByTests Entered(const std::string& log) {
    const absl::StatusOr<std::string> text =
        ReadFile(absl::StrCat(absl::StripSuffix(log, ".log"), kEnteredEnding));
    if (!text.ok()) return {};
    auto entered = ReadEnteredMethods(*text);
    return entered.ok() ? *std::move(entered) : EnteredByTests();
  }

  const std::vector<std::string>& Sources(const std::string& name, const std::string& place) {
    const auto [known, is_new] = sources_of_.try_emplace(absl::StrCat(place, "\n", name));
    if (is_new) {
      const std::optional<std::string> output = OutputOf(place);
      if (output.has_value()) {
        known->second = SourcesOf(name, place, *output);
      } else if (absl::StartsWith(place, top_)) {
        found_.unknown.push_back(absl::StrCat(name, " (", place, ")"));
      }
    }
    return known->second;
  }

  // The files that may be the class's source; none for a class made by a tool. The compiler writes
  // a source's name without its folders.
  std::vector<std::string> SourcesOf(const std::string& name, const std::string& place,
                                     const std::string& output) {
    const std::string inside = absl::StrReplaceAll(name, {{".", "/"}});
    std::set<std::string> files;
    for (const std::string& compiled : Compiled(inside, place, output)) {
      const absl::StatusOr<std::string> bytes = ReadFile(compiled);
      if (!bytes.ok()) continue;
      if (const auto parsed = ReadClassFile(*bytes)) files.insert(parsed->source);
    }
    files.erase("");
    if (files.empty()) {  // compiled without that name, or in nothing but an archive
      const std::string outermost = OutermostClass(name);
      const std::string stem = outermost.substr(outermost.rfind('.') + 1);
      for (const absl::string_view ending : {".java", ".kt", ".groovy", ".scala"}) {
        files.insert(absl::StrCat(stem, ending));
        files.insert(absl::StrCat(absl::StripSuffix(stem, "Kt"), ending));
      }
    }
    const std::string package = inside.substr(0, inside.rfind('/') + 1);
    std::vector<std::string> fitting, candidates;
    for (const std::string& file : files) {
      for (const std::string& candidate : FilesBelow(folder_of_.at(output))[file]) {
        candidates.push_back(candidate);
        if (absl::EndsWith(candidate, absl::StrCat("/", package, file)))
          fitting.push_back(candidate);
      }
    }
    return fitting.empty() ? candidates : fitting;
  }

  // Where the class's file may be: in the folder that it was loaded from, or, for one of an
  // archive, anywhere in the module's output.
  std::vector<std::string> Compiled(const std::string& inside, const std::string& place,
                                    const std::string& output) {
    const std::string end = absl::StrCat("/", inside, ".class");
    std::error_code error;
    if (fs::is_directory(place, error)) return {absl::StrCat(place, end)};
    std::vector<std::string> found;
    for (const std::string& file : FilesBelow(output)[end.substr(end.rfind('/') + 1)]) {
      if (absl::EndsWith(file, end)) found.push_back(file);
    }
    return found;
  }

  // The files below a folder by name, without what a build made of others.
  std::map<std::string, std::vector<std::string>>& FilesBelow(const std::string& folder) {
    const auto [known, is_new] = files_of_.try_emplace(folder);
    if (!is_new) return known->second;
    std::error_code error;
    for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
      const std::string name = at->path().filename().string();
      if (at->is_directory(error)) {
        if (folder_of_.contains(at->path().string()) || name == ".git" || name == "node_modules") {
          at.disable_recursion_pending();
        }
      } else {
        known->second[name].push_back(at->path().string());
      }
    }
    return known->second;
  }

  const ClassLogs& logs_;
  const std::string top_;
  std::map<std::string, std::string> folder_of_;  // by output
  const absl::flat_hash_set<std::string>& labels_;
  std::map<std::string, std::map<std::string, Seen>> executed_;  // by label and absolute path
  std::map<std::string, Seen> outside_;                          // of all tests
  absl::flat_hash_map<std::string, std::vector<std::string>> sources_of_;
  std::map<std::string, std::map<std::string, std::vector<std::string>>> files_of_;
  ClassEvidence found_;
};

}  // namespace

std::string OutermostClass(absl::string_view name) {
  const size_t start = name.rfind('.') + 1;  // 0 without a package
  return std::string(name.substr(0, name.find('$', start + 1)));
}

std::string ClassLogOption(const std::string& folder) {
  return absl::StrCat("-Xlog:class+load=info:file=", folder, "/%p.log:none:filecount=0");
}

absl::StatusOr<ClassEvidence> WriteClassEvidence(const ClassLogs& logs,
                                                 const absl::flat_hash_set<std::string>& labels,
                                                 const std::string& out) {
  LogReader reader(logs, labels);
  std::error_code error;
  for (fs::directory_iterator at(logs.folder, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() != ".log") continue;
    TS_RETURN_IF_ERROR(reader.Read(at->path().string()));
  }
  if (error) return ErrnoStatus(absl::StrCat("cannot read ", logs.folder), error.value());
  return reader.Write(out);
}

}  // namespace testselect::client
