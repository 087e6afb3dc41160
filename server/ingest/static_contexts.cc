#include "server/ingest/static_contexts.h"

#include <algorithm>

#include "server/ingest/context_name.h"

namespace testselect {

absl::flat_hash_set<std::string> StaticContexts(absl::Span<const std::string> contexts) {
  const absl::flat_hash_set<absl::string_view> all(contexts.begin(), contexts.end());
  absl::flat_hash_set<std::string> statics;
  for (const std::string& context : contexts) {
    const absl::string_view label = SplitContext(context).label;
    for (size_t bar = label.find('|'); bar != absl::string_view::npos;
         bar = label.find('|', bar + 1)) {
      if (bar > 0 && all.contains(label.substr(0, bar))) statics.emplace(label.substr(0, bar));
    }
  }
  return statics;
}

absl::StatusOr<ContextId> StaticContextSink::Context(absl::string_view label, Phase phase) {
  return phase == Phase::kRun && statics_.contains(label) ? kStatic : kOther;
}

absl::StatusOr<FileId> StaticContextSink::File(absl::string_view report_path) {
  return sink_->File(report_path);
}

absl::StatusOr<FileId> StaticContextSink::FileAmong(absl::Span<const std::string> spellings) {
  return sink_->FileAmong(spellings);
}

void StaticContextSink::AddLineBits(FileId file, ContextId context, absl::string_view bits) {
  if (context == kStatic) sink_->AddLineBits(file, kGlobalContext, bits);
}

void StaticContextSink::AddLine(FileId file, uint32_t line, absl::Span<const ContextId> contexts) {
  if (std::find(contexts.begin(), contexts.end(), kStatic) != contexts.end()) {
    lines_[file].Add(line);
  }
}

absl::Status StaticContextSink::AddOutcome(const ReportedTest&, const LabelOutcome&) {
  return absl::OkStatus();
}

absl::Status StaticContextSink::MarkRan(absl::string_view) { return absl::OkStatus(); }
absl::Status StaticContextSink::MarkOpaque(absl::string_view) { return absl::OkStatus(); }

void StaticContextSink::Flush() {
  for (const auto& [file, lines] : lines_) sink_->AddLineBits(file, kGlobalContext, lines.bits());
  lines_.clear();
}

}  // namespace testselect
