#include "tests/unit/ingest/shared_corpus.h"

#include <simdjson.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "server/ingest/report_archive.h"
#include "tests/support/status_matchers.h"

namespace testselect {
namespace {

namespace fs = std::filesystem;

std::string Text(simdjson::dom::element object, const char* key) {
  std::string_view value;
  return object[key].get_string().get(value) == simdjson::SUCCESS ? std::string(value) : "";
}

int64_t Number(simdjson::dom::element object, const char* key) {
  int64_t value = -1;
  return object[key].get_int64().get(value) == simdjson::SUCCESS ? value : -1;
}

// Whether `name` fits a pattern with at most one '*'.
bool Fits(const std::string& name, const std::string& pattern) {
  const size_t star = pattern.find('*');
  if (star == std::string::npos) return name == pattern;
  return absl::StartsWith(name, pattern.substr(0, star)) &&
         absl::EndsWith(name, pattern.substr(star + 1));
}

std::vector<ReportFile> FilesOf(const fs::path& folder, const std::string& pattern,
                                const std::string& format) {
  std::vector<ReportFile> files;
  const fs::path list = folder / "labels.tsv";
  if (fs::exists(list)) {
    for (const absl::string_view line :
         absl::StrSplit(FileContent(list), '\n', absl::SkipEmpty())) {
      const std::pair<std::string, std::string> row =
          absl::StrSplit(line, absl::MaxSplits('\t', 1));
      fs::path file = folder / row.first;                         // may be a folder
      for (const auto& entry : fs::directory_iterator(folder)) {  // "t01" may stand for "t01.xml"
        if (!fs::exists(file) && entry.path().stem() == row.first) file = entry.path();
      }
      const std::string label = absl::StrReplaceAll(row.second, {{"\\\\", "\\"}, {"\\n", "\n"}});
      files.push_back({file.string(), row.first, format, label, false});
    }
    return files;
  }
  if (FindReportParser(format).value()->folder_parser() != nullptr) {
    return {{folder.string(), folder.filename().string(), format, "(run)", false}};
  }
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name == "truth.json" || !Fits(name, pattern)) continue;
    files.push_back({entry.path().string(), name, format, "(run)", false});
  }
  std::sort(files.begin(), files.end(),
            [](const ReportFile& a, const ReportFile& b) { return a.file < b.file; });
  return files;
}

}  // namespace

fs::path SharedCorpus(const std::string& part) {
  const char* shared = std::getenv("TESTSELECT_SHARED");
  const char* source = std::getenv("TESTSELECT_SOURCE_DIR");
  fs::path top = shared != nullptr ? fs::path(shared)
                                   : fs::path(source != nullptr ? source : ".") / ".." / "shared";
  return fs::exists(top / part) ? top / part : fs::path();
}

ReportFile AsUploaded(ReportFile report, const fs::path& scratch) {
  if (!fs::is_directory(report.file)) return report;
  std::string archive = scratch / "packed-XXXXXX";
  const int fd = mkstemp(archive.data());
  const absl::Status packed = PackFolder(report.file, fd);
  close(fd);
  EXPECT_THAT(packed, IsOk());
  report.file = archive;
  return report;
}

std::string FileContent(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<CorpusReport> CorpusReports(const fs::path& reports) {
  std::vector<CorpusReport> out;
  for (const auto& entry : fs::directory_iterator(reports)) {
    simdjson::dom::parser parser;
    simdjson::dom::element truth;
    if (parser.load((entry.path() / "truth.json").string()).get(truth) != simdjson::SUCCESS) {
      continue;
    }
    CorpusReport report;
    report.name = entry.path().filename().string();
    report.format = Text(truth, "format");
    if (!FindReportParser(report.format).ok()) continue;
    report.root = Text(truth, "root");
    report.files = FilesOf(entry.path(), Text(truth, "report"), report.format);
    report.labels = Number(truth, "labels");
    report.pairs = Number(truth, "pairs");
    report.global_pairs = Number(truth, "global_pairs");
    report.pairs_sha256 = Text(truth, "pairs_sha256");
    simdjson::dom::array list;
    if (truth["outcomes"].get_array().get(list) == simdjson::SUCCESS) {
      report.outcomes = static_cast<int64_t>(list.size());
    }
    if (truth["files"].get_array().get(list) == simdjson::SUCCESS) {
      for (const simdjson::dom::element path : list) {
        report.paths.emplace_back(std::string_view(path));
      }
    }
    out.push_back(std::move(report));
  }
  std::sort(out.begin(), out.end(),
            [](const CorpusReport& a, const CorpusReport& b) { return a.name < b.name; });
  return out;
}

// The whole reports that a broken one may have been made of: the manifest says only the file's
// name.
std::vector<fs::path> OriginalsOf(const fs::path& reports, const std::string& format,
                                  const std::string& name) {
  std::vector<fs::path> out;
  for (const CorpusReport& report : CorpusReports(reports)) {
    if (report.format != format) continue;
    for (const ReportFile& file : report.files) {
      const fs::path path = fs::is_directory(file.file) ? fs::path(file.file) / name : fs::path();
      if (fs::exists(path)) out.push_back(path);
      const std::string own = fs::path(file.file).filename().string();
      if (own == name || own == "." + name) out.emplace_back(file.file);
    }
  }
  return out;
}

std::vector<BrokenReport> BrokenReports(const fs::path& archive, const fs::path& folder) {
  std::vector<BrokenReport> out;
  const std::string command =
      "tar -xJf '" + archive.string() + "' -C '" + folder.string() + "' 2>/dev/null";
  if (std::system(command.c_str()) != 0) return out;
  for (const auto& entry : fs::directory_iterator(folder / "broken")) {
    simdjson::dom::parser parser;
    simdjson::dom::element manifest;
    if (parser.load((entry.path() / "manifest.json").string()).get(manifest) != simdjson::SUCCESS) {
      continue;
    }
    const std::string format = Text(manifest, "format");
    // Some were made of a truth.json, which is no report and cannot be accepted as one.
    const bool of_report = Text(manifest, "of") != "truth.json";
    const std::vector<fs::path> originals =
        OriginalsOf(archive.parent_path() / "reports", format, Text(manifest, "of"));
    simdjson::dom::object variants;
    if (!FindReportParser(format).ok() ||
        manifest["variants"].get_object().get(variants) != simdjson::SUCCESS) {
      continue;
    }
    for (const auto& [name, info] : variants) {
      const fs::path file = entry.path() / std::string(name);
      if (!fs::exists(file)) continue;  // left out of the archive for its size
      std::string expect = Text(info, "expect");
      if (!of_report && expect == "accept") expect = "either";
      out.push_back({entry.path().filename().string() + "/" + std::string(name), format,
                     Text(manifest, "root"), std::move(expect), file, originals});
    }
  }
  std::sort(out.begin(), out.end(),
            [](const BrokenReport& a, const BrokenReport& b) { return a.name < b.name; });
  return out;
}

}  // namespace testselect
