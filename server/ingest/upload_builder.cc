#include "server/ingest/upload_builder.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

constexpr size_t kExamples = 3;
constexpr size_t kDenseBytes = 4096;  // no file of up to 32,768 lines is looked at twice
constexpr size_t kSparseFactor = 32;  // fewer lines than one in so many bytes: sparse

constexpr absl::string_view kApart("\0", 1);

std::string KeyOf(absl::string_view suite, absl::string_view name, absl::string_view file) {
  return absl::StrCat(suite, kApart, name, kApart, file);
}

}  // namespace

UploadBuilder::UploadBuilder(PathMapper paths, std::shared_ptr<const LabelDictionary> dictionary,
                             bool renumber, std::vector<std::string> tree_paths)
    : paths_(std::move(paths)),
      dictionary_(dictionary),
      tree_paths_(std::move(tree_paths)),
      builder_(std::move(dictionary), renumber) {}

absl::Status UploadBuilder::CheckLabel(absl::string_view label) const {
  if (label.empty()) return absl::InvalidArgumentError("a label is empty");
  if (label.size() > kMaxLabelBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("label ", Quoted(label), " is longer than ", kMaxLabelBytes, " bytes"));
  }
  if (label.find('\0') != absl::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat("label ", Quoted(label), " holds a NUL byte"));
  }
  if (!IsUtf8(label)) {
    return absl::InvalidArgumentError(absl::StrCat("label ", Quoted(label), " is not UTF-8"));
  }
  return absl::OkStatus();
}

absl::StatusOr<ContextId> UploadBuilder::Context(absl::string_view label, Phase phase) {
  TS_RETURN_IF_ERROR(CheckLabel(label));
  return builder_.Context(label, phase);
}

FileId UploadBuilder::Intern(const std::string& path) {
  if (path.empty()) return kIgnoredFile;
  const FileId file = builder_.File(path);
  if (source_texts_ != nullptr) paths_of_files_.emplace(file, path);
  return file;
}

absl::StatusOr<std::optional<std::string>> UploadBuilder::SourceText(FileId file) {
  const auto path = paths_of_files_.find(file);
  if (path == paths_of_files_.end()) return std::nullopt;
  return source_texts_(path->second);
}

absl::StatusOr<FileId> UploadBuilder::File(absl::string_view report_path) {
  TS_ASSIGN_OR_RETURN(const std::string path, paths_.Map(report_path));
  return Intern(path);
}

absl::StatusOr<FileId> UploadBuilder::FileAmong(absl::Span<const std::string> spellings) {
  TS_ASSIGN_OR_RETURN(const std::string path, paths_.MapAmong(spellings));
  return Intern(path);
}

// A few lines with absurd numbers would take memory by their numbers in the form of bits, so a
// sparse set goes in line by line: memory follows the report.
void UploadBuilder::AddLineBits(FileId file, ContextId context, absl::string_view bits) {
  if (file == kIgnoredFile || bits.empty()) return;
  if (bits.size() <= kDenseBytes) return builder_.AddLineBits(file, context, bits);
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(bits[i]); };
  size_t set = 0;
  for (size_t i = 0; i < bits.size(); ++i) set += static_cast<size_t>(std::popcount(byte(i)));
  if (set * kSparseFactor >= bits.size()) return builder_.AddLineBits(file, context, bits);
  for (size_t i = 0; i < bits.size(); ++i) {
    for (unsigned b = byte(i); b != 0; b &= b - 1) {
      const size_t line = i * 8 + static_cast<size_t>(std::countr_zero(b));
      if (line > 0) builder_.AddLine(file, static_cast<uint32_t>(line), {context});
    }
  }
}

void UploadBuilder::AddLine(FileId file, uint32_t line, absl::Span<const ContextId> contexts) {
  if (file != kIgnoredFile) builder_.AddLine(file, line, contexts);
}

void UploadBuilder::AddFunction(FileId file, ContextId context, LineRange range) {
  if (file != kIgnoredFile) builder_.AddFunction(file, context, range);
}

void UploadBuilder::AddOpened(FileId file, ContextId context) {
  if (file != kIgnoredFile) builder_.AddOpened(file, context);
}

void UploadBuilder::AddImported(FileId file, ContextId context) {
  if (file != kIgnoredFile) builder_.AddImported(file, context);
}

void UploadBuilder::AddFixtureUse(FileId file, ContextId context, LineRange range) {
  if (file != kIgnoredFile) builder_.AddFixtureUse(file, context, range);
}

absl::StatusOr<FileId> UploadBuilder::Key(absl::string_view key) {
  if (key.empty() || key.size() > kMaxLabelBytes || key.find('\0') != absl::string_view::npos ||
      !IsUtf8(key)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the key ", Quoted(key), " is empty, longer than ", kMaxLabelBytes, " bytes, or no text"));
  }
  return builder_.File(key);
}

void UploadBuilder::AddKeyed(FileId key, ContextId context) {
  if (key != kIgnoredFile) builder_.AddKeyed(key, context);
}

absl::Status UploadBuilder::AddOutcome(const ReportedTest& test, const LabelOutcome& outcome) {
  for (const absl::string_view part : {test.suite, test.name}) {
    if (!part.empty()) TS_RETURN_IF_ERROR(CheckLabel(part));
  }
  if (!test.whole_file) ++results_;
  std::string key = KeyOf(test.suite, test.name, test.file);
  for (const std::string& alias : test.aliases) absl::StrAppend(&key, kApart, alias);
  const auto [found, added] = result_of_.emplace(key, tests_.size());
  if (added) {
    // Runners that name files by their absolute paths mean those of the repository.
    std::string file =
        absl::StartsWith(test.file, "/") ? paths_.Spell(test.file) : std::string(test.file);
    tests_.push_back({std::string(test.suite),
                      std::string(test.name),
                      std::move(file),
                      test.ran,
                      test.file_leads,
                      test.whole_file,
                      {test.aliases.begin(), test.aliases.end()},
                      outcome});
  } else {
    TestResult& result = tests_[found->second];
    result.outcome = MergeOutcomes(result.outcome, outcome);
    result.ran |= test.ran;
  }
  return absl::OkStatus();
}

absl::Status UploadBuilder::MarkRan(absl::string_view label) {
  TS_RETURN_IF_ERROR(CheckLabel(label));
  builder_.MarkRan(label);
  return absl::OkStatus();
}

absl::Status UploadBuilder::MarkOpaque(absl::string_view label) {
  TS_RETURN_IF_ERROR(CheckLabel(label));
  LabelOutcome opaque;
  opaque.opaque = true;
  builder_.AddOutcome(label, opaque);
  return absl::OkStatus();
}

void UploadBuilder::SuiteOrder(absl::Span<const std::string> labels) {
  for (const std::string& label : labels) {
    const absl::optional<absl::string_view> ran = builder_.FindRan(label);
    order_.push_back(ran.has_value() ? *ran : absl::string_view(not_ran_.emplace_back(label)));
  }
}

void UploadBuilder::Warn(std::string message) { warnings_.push_back(std::move(message)); }

void UploadBuilder::WarnAboutUnmatched(const std::vector<std::string>& unmatched) {
  if (unmatched.empty() || builder_.labels_so_far() == 0) return;
  std::vector<std::string> examples;
  for (size_t i = 0; i < unmatched.size() && i < kExamples; ++i) {
    examples.push_back(Quoted(unmatched[i]));
  }
  Warn(absl::StrCat(unmatched.size(), " outcomes are of labels that no coverage names, such as ",
                    absl::StrJoin(examples, ", ")));
}

void UploadBuilder::SettleOutcomes() {
  if (tests_.empty()) return;
  // No outcome was handed on yet: what ran by the builder's account was named by coverage.
  const std::vector<absl::string_view> ran = builder_.RanLabels();
  std::vector<std::string> known(ran.begin(), ran.end());
  std::sort(known.begin(), known.end());
  if (dictionary_ != nullptr) {
    for (size_t i = 0; i < dictionary_->size(); ++i) {
      known.emplace_back(dictionary_->Name(static_cast<LabelNumber>(i)));
    }
  }
  const OutcomeLabels matcher(known, tree_paths_);
  std::vector<std::string> order, unmatched;
  absl::flat_hash_map<std::string, LabelOutcome> outcomes;
  const auto settle = [&](const std::string& label, const LabelOutcome& outcome) {
    const auto [found, added] = outcomes.emplace(label, outcome);
    if (!added) {
      found->second = MergeOutcomes(found->second, outcome);
      return;
    }
    order.push_back(label);
    if (!builder_.FindRan(label).has_value()) unmatched.push_back(label);
  };
  for (const TestResult& test : tests_) {
    // A whole suite, whose set-up failed.
    if (test.whole_file || (test.name.empty() && !test.file_leads)) {
      const std::vector<std::string> members =
          matcher.OfSuite(test.whole_file ? test.file : test.suite);
      LabelOutcome outcome = test.outcome;
      outcome.seconds = -1;
      for (const std::string& label : members) settle(label, outcome);
      if (!members.empty()) continue;
    }
    const ReportedTest told{test.suite,      test.name,       test.file,   test.ran,
                            test.file_leads, test.whole_file, test.aliases};
    const OutcomeMatch match = matcher.Find(told);
    LabelOutcome outcome = test.outcome;
    // The whole test, where the report has it, includes the time of its parts.
    if (match.part &&
        result_of_.contains(KeyOf(
            test.suite, absl::string_view(match.label).substr(test.suite.size() + 1), test.file))) {
      outcome.seconds = -1;
    }
    if (test.ran || builder_.FindRan(match.label).has_value()) settle(match.label, outcome);
  }
  WarnAboutUnmatched(unmatched);
  for (const std::string& label : order) builder_.AddOutcome(label, outcomes.at(label));
  const std::vector<absl::string_view> first(order.begin(), order.end());
  builder_.Order(first);
}

absl::StatusOr<SegmentContent> UploadBuilder::Finish() {
  TS_RETURN_IF_ERROR(paths_.CheckMisses());
  SettleOutcomes();
  if (builder_.labels_so_far() == 0) {
    return absl::InvalidArgumentError(
        "no report names a test: was it recorded without contexts? Record with one context per "
        "test, or give the label with the upload (--label LABEL, or LABEL=REPORT)");
  }
  builder_.Order(order_);
  return std::move(builder_).Finish();
}

}  // namespace testselect
