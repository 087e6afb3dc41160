#include "server/ingest/report_reader.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <numeric>
#include <set>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/ingest/archive_files.h"
#include "server/ingest/formats.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/side_files.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// The order in which reports are opened: as given, but empty ones last, because the others tell of
// which format they are.
std::vector<size_t> OpeningOrder(absl::Span<const ReportFile> reports) {
  std::vector<size_t> order(reports.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_partition(order.begin(), order.end(), [&](size_t i) {
    std::error_code error;
    return std::filesystem::file_size(reports[i].file, error) > 0;
  });
  return order;
}

// ".json" of "a/b.gcov.json.gz"; "" where the base name has no dot.
std::string ExtensionOf(absl::string_view path) {
  absl::string_view base = path.substr(path.rfind('/') + 1);
  if (!absl::ConsumeSuffix(&base, ".gz")) absl::ConsumeSuffix(&base, ".zst");
  const size_t dot = base.rfind('.');
  return dot == absl::string_view::npos ? "" : std::string(base.substr(dot));
}

// The files of one group as its parser sees them.
class GatheredFolder : public ReportFolder {
 public:
  GatheredFolder(std::string name, std::vector<ReportFile> files, const IngestOptions& options)
      : name_(std::move(name)), files_(std::move(files)), options_(options) {
    std::stable_sort(files_.begin(), files_.end(),
                     [](const ReportFile& a, const ReportFile& b) { return a.name < b.name; });
    for (const ReportFile& file : files_) paths_.push_back(file.name);
  }
  const std::vector<std::string>& paths() const override { return paths_; }
  const std::string& name() const override { return name_; }
  absl::StatusOr<std::unique_ptr<ReportSource>> Open(size_t i) const override {
    return OpenReportFile(files_[i].file, files_[i].name, options_.spool_dir,
                          options_.max_report_bytes);
  }

 private:
  const std::string name_;
  std::vector<ReportFile> files_;
  const IngestOptions& options_;
  std::vector<std::string> paths_;
};

}  // namespace

ReportReader::ReportReader(absl::Span<const ReportFile> reports, const IngestOptions& options,
                           EvidenceSink* sink)
    : reports_(reports), options_(options), sink_(sink), formats_(reports.size()) {}

absl::Status ReportReader::Read() {
  for (const size_t i : OpeningOrder(reports_)) TS_RETURN_IF_ERROR(TakeReport(i));
  TS_RETURN_IF_ERROR(JoinCompanions());
  for (const GroupKey& key : group_order_) {
    TS_RETURN_IF_ERROR(ParseGroup(key.first, groups_[key]));
  }
  for (const auto& [file, parser] : outcomes_) {
    TS_ASSIGN_OR_RETURN(const auto source, Open(file));
    TS_RETURN_IF_ERROR(parser->Parse(*source, OptionsFor(file.label), *sink_));
  }
  return absl::OkStatus();
}

std::vector<std::string> ReportReader::TakeFormats() {
  std::vector<std::string> all = std::move(formats_);
  std::move(more_formats_.begin(), more_formats_.end(), std::back_inserter(all));
  return all;
}

ParseOptions ReportReader::OptionsFor(const std::string& label) const {
  return {label, options_.static_context_is_global};
}

absl::StatusOr<std::unique_ptr<ReportSource>> ReportReader::Open(const ReportFile& file) const {
  return OpenReportFile(file.file, file.name, options_.spool_dir, options_.max_report_bytes);
}

absl::StatusOr<const ReportParser*> ReportReader::ChooseParser(const ReportFile& file,
                                                               ReportSource& source) const {
  if (!file.format.empty()) return FindReportParser(file.format);
  TS_ASSIGN_OR_RETURN(const absl::string_view head, source.Peek());
  // Istanbul's lcov report of a test that covered nothing has no bytes.
  if (head.empty() && lcov_seen_ && !file.label.empty()) return LcovParser();
  return DetectReportParser(source);
}

absl::Status ReportReader::TakeReport(size_t report) {
  TS_ASSIGN_OR_RETURN(const auto source, Open(reports_[report]));
  TS_ASSIGN_OR_RETURN(const absl::string_view head, source->Peek());
  if (IsArchive(head)) return TakeArchive(report, *source);
  TS_ASSIGN_OR_RETURN(const ReportParser* const parser, ChooseParser(reports_[report], *source));
  return TakeFile(report, reports_[report], parser, *source);
}

absl::Status ReportReader::Remember(size_t report, const ReportParser* parser) {
  if (reports_[report].outcomes && !parser->is_outcomes()) {
    return absl::InvalidArgumentError(absl::StrCat(
        reports_[report].name, ": declared as outcomes, but ", parser->name(), " holds coverage"));
  }
  lcov_seen_ |= parser == LcovParser();
  std::string& format = formats_[report];
  const std::string name(parser->name());
  if (format.empty()) format = name;
  if (format != name &&
      std::find(more_formats_.begin(), more_formats_.end(), name) == more_formats_.end()) {
    more_formats_.push_back(name);
  }
  return absl::OkStatus();
}

absl::Status ReportReader::TakeFile(size_t report, const ReportFile& file,
                                    const ReportParser* parser, ReportSource& source) {
  TS_RETURN_IF_ERROR(Remember(report, parser));
  if (parser->folder_parser() != nullptr) {
    Gather(parser->folder_parser(), reports_[report].name, file);
    return absl::OkStatus();
  }
  if (parser->is_outcomes()) {
    outcomes_.emplace_back(file, parser);
    return absl::OkStatus();
  }
  return parser->Parse(source, OptionsFor(file.label), *sink_);
}

void ReportReader::Gather(const FolderParser* parser, const std::string& name, ReportFile file) {
  const GroupKey key(parser, parser->names_labels() ? "" : file.label);
  const auto [group, is_new] = groups_.try_emplace(key, Group{name, file.label, {}});
  if (is_new) group_order_.push_back(key);
  group->second.files.push_back(std::move(file));
}

absl::StatusOr<ReportReader::Found> ReportReader::Examine(ReportFile file,
                                                          const ReportParser* named) const {
  Found found;
  TS_ASSIGN_OR_RETURN(const auto source, Open(file));
  TS_ASSIGN_OR_RETURN(const absl::string_view head, source->Peek());
  found.named = named != nullptr && named->Recognises(head);
  for (const ReportParser* parser : AllReportParsers()) {
    if (found.parser == nullptr && parser->Recognises(head)) found.parser = parser;
    const FolderParser* const folder = parser->folder_parser();
    if (folder != nullptr && folder->Takes(file.name, head)) found.takers.push_back(folder);
  }
  found.file = std::move(file);
  return found;
}

absl::Status ReportReader::TakeArchive(size_t report, ReportSource& source) {
  const ReportFile& whole = reports_[report];
  const ReportParser* named = nullptr;
  if (!whole.format.empty()) {
    TS_ASSIGN_OR_RETURN(named, FindReportParser(whole.format));
  }
  TS_ASSIGN_OR_RETURN(UnpackedReports unpacked,
                      UnpackReports(source, options_.spool_dir, options_.max_report_bytes));
  std::move(unpacked.archives.begin(), unpacked.archives.end(), std::back_inserter(archives_));
  const std::string folder(absl::StripSuffix(whole.name, "/"));
  std::vector<Found> found;
  for (const UnpackedArchive::File& file : unpacked.files) {
    ReportFile part = whole;
    part.file = file.file;
    part.name = absl::StrCat(folder, "/", file.path);
    TS_ASSIGN_OR_RETURN(Found examined, Examine(std::move(part), named));
    found.push_back(std::move(examined));
  }
  if (found.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(whole.name, ": the folder is empty"));
  }
  const bool any_report = named != nullptr || std::any_of(found.begin(), found.end(), [](auto& f) {
                            return f.parser != nullptr;
                          });
  if (any_report) return TakeFound(report, named, std::move(found));
  companions_.push_back(std::move(found));
  return absl::OkStatus();
}

absl::Status ReportReader::TakeFound(size_t report, const ReportParser* named,
                                     std::vector<Found> found) {
  // Formats of several files come first: what belongs to a report of theirs is none by itself.
  std::set<const FolderParser*> present;
  if (named != nullptr) present.insert(named->folder_parser());
  for (const Found& f : found) {
    if (named == nullptr && f.parser != nullptr) present.insert(f.parser->folder_parser());
  }
  const bool none_is_named =
      named != nullptr && std::none_of(found.begin(), found.end(), [](auto& f) { return f.named; });
  std::set<std::string> extensions;
  std::vector<Found> rest;
  for (Found& f : found) {
    const auto taker = std::find_if(f.takers.begin(), f.takers.end(),
                                    [&](const auto* parser) { return present.count(parser) > 0; });
    const ReportParser* const alone = named == nullptr           ? f.parser
                                      : f.named || none_is_named ? named
                                                                 : nullptr;
    const ReportParser* const parser = taker != f.takers.end() ? *taker : alone;
    if (parser == nullptr || (parser->folder_parser() != nullptr && taker == f.takers.end())) {
      rest.push_back(std::move(f));
      continue;
    }
    extensions.insert(ExtensionOf(f.file.name));
    TS_ASSIGN_OR_RETURN(const auto source, Open(f.file));
    TS_RETURN_IF_ERROR(TakeFile(report, f.file, parser, *source));
  }
  return TakeUnrecognised(report, std::move(rest), {extensions.begin(), extensions.end()});
}

absl::Status ReportReader::TakeUnrecognised(size_t report, std::vector<Found> found,
                                            const std::vector<std::string>& extensions) {
  std::vector<std::string> left_out;
  for (const Found& f : found) {
    const std::string extension = ExtensionOf(f.file.name);
    TS_ASSIGN_OR_RETURN(const auto source, Open(f.file));
    TS_ASSIGN_OR_RETURN(const absl::string_view head, source->Peek());
    if (std::find(extensions.begin(), extensions.end(), extension) == extensions.end() ||
        IsSideFile(f.file.name, head)) {
      left_out.push_back(f.file.name);
      continue;
    }
    TS_ASSIGN_OR_RETURN(const ReportParser* const parser, ChooseParser(f.file, *source));
    TS_RETURN_IF_ERROR(TakeFile(report, f.file, parser, *source));
  }
  if (left_out.empty()) return absl::OkStatus();
  if (left_out.size() == found.size() && extensions.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(reports_[report].name, ": none of its files is a report of format ",
                     Quoted(reports_[report].format), "; the first is ", Quoted(left_out[0])));
  }
  sink_->Warn(absl::StrCat(reports_[report].name, ": ", left_out.size(),
                           left_out.size() == 1 ? " file is" : " files are",
                           " of no known format and left out, the first ", Quoted(left_out[0])));
  return absl::OkStatus();
}

absl::Status ReportReader::JoinCompanions() {
  for (const std::vector<Found>& folder : companions_) {
    bool joined = false;
    for (const GroupKey& key : group_order_) {
      for (const Found& f : folder) {
        if (std::count(f.takers.begin(), f.takers.end(), key.first) == 0) continue;
        groups_[key].files.push_back(f.file);
        joined = true;
      }
    }
    if (joined) continue;
    // Says what is known and what the file begins with.
    TS_ASSIGN_OR_RETURN(const auto source, Open(folder.front().file));
    TS_RETURN_IF_ERROR(DetectReportParser(*source).status());
  }
  return absl::OkStatus();
}

absl::Status ReportReader::ParseGroup(const FolderParser* parser, Group& group) {
  const GatheredFolder folder(group.name, std::move(group.files), options_);
  return parser->ParseFolder(folder, OptionsFor(group.label), *sink_);
}

}  // namespace testselect
