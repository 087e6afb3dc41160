#include "storage/segment_builder.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/bytes_interner.h"
#include "storage/file_assembler.h"
#include "storage/file_record.h"
#include "storage/outcome_codec.h"

namespace testselect {
namespace {

constexpr uint32_t kNoContext = 0xFFFFFFFF;
constexpr uint32_t kNoPlace = 0xFFFFFFFF;

// Drops what cannot be a line: bit 0, and zero bytes at the end, which would make equal patterns
// look different. `scratch` holds the result where the bytes had to change.
absl::string_view CanonicalBits(absl::string_view bits, std::string* scratch) {
  while (!bits.empty() && bits.back() == 0) bits.remove_suffix(1);
  if (bits.empty() || (bits[0] & 1) == 0) return bits;
  if (bits.size() == 1 && bits[0] == 1) return {};
  scratch->assign(bits.data(), bits.size());
  (*scratch)[0] = static_cast<char>((*scratch)[0] & ~1);
  return *scratch;
}

// As the vector grows, adds the growth to `bytes`. It grows by a quarter: an upload is held in a
// few thousands of these, and what doubling leaves free in them is a third of all.
template <typename T>
void Append(std::vector<T>* to, const T& value, size_t* bytes) {
  const size_t before = to->capacity();
  if (to->size() == before) to->reserve(before + before / 4 + 4);
  to->push_back(value);
  *bytes += (to->capacity() - before) * sizeof(T);
}

}  // namespace

class SegmentBuilder::Impl {
 public:
  Impl(std::shared_ptr<const LabelDictionary> dictionary, bool renumber)
      : dictionary_(renumber ? nullptr : std::move(dictionary)) {
    contexts_.push_back({BytesInterner::kNone, Phase::kRun});
  }

  ContextId Context(absl::string_view label, Phase phase) {
    const uint32_t l = MarkRan(label);
    ContextId& id = labels_[l].contexts[static_cast<size_t>(phase) - 1];
    if (id == kNoContext) {
      id = static_cast<ContextId>(contexts_.size());
      contexts_.push_back({l, phase});
    }
    return id;
  }

  FileId File(absl::string_view path) {
    const uint32_t id = paths_.Intern(path);
    if (id == files_.size()) files_.emplace_back();
    return id;
  }

  void AddLineBits(FileId file, ContextId context, absl::string_view bits) {
    bits = CanonicalBits(bits, &scratch_);
    if (bits.empty()) return;
    const size_t greatest = bits.size() * 8 - 1;
    if (greatest > kMaxLine + 8) return Refuse(file, greatest);
    Append(&files_[file].rows, {context, patterns_.Intern(bits)}, &row_bytes_);
    // Most patterns repeat; their size is counted once each.
    if (pattern_lines_.size() < patterns_.size()) pattern_lines_.push_back(CountLines(bits));
    if (context != kGlobalContext) pairs_ += pattern_lines_[files_[file].rows.back().pattern];
  }

  void AddLine(FileId file, uint32_t line, absl::Span<const ContextId> contexts) {
    if (contexts.empty()) return;
    if (line < 1 || line > kMaxLine) return Refuse(file, line);
    pairs_ += contexts.size();
    const bool same = contexts.size() == last_contexts_.size() &&
                      std::memcmp(contexts.data(), last_contexts_.data(),
                                  contexts.size() * sizeof(ContextId)) == 0;
    if (!same) {
      last_contexts_.assign(contexts.begin(), contexts.end());
      scratch_.clear();
      EncodeContexts(contexts, &scratch_);
      last_set_ = sets_.Intern(scratch_);
    }
    std::vector<RawFile::Run>& runs = files_[file].runs;
    if (!runs.empty() && runs.back().set == last_set_ && runs.back().last + 1 == line) {
      runs.back().last = line;
    } else {
      Append(&runs, {line, line, last_set_}, &row_bytes_);
    }
  }

  void AddFunction(FileId file, ContextId context, LineRange range) {
    AddRange(file, context, range, &files_[file].functions);
  }
  void AddFixtureUse(FileId file, ContextId context, LineRange range) {
    AddRange(file, context, range, &files_[file].fixtures);
  }
  void AddCameOrWent(FileId file, ContextId context, LineRange range) {
    AddRange(file, context, range, &files_[file].unstable);
  }

  void AddOpened(FileId file, ContextId context) {
    Append(&files_[file].opened, context, &row_bytes_);
  }
  void AddImported(FileId file, ContextId context) {
    Append(&files_[file].imported, context, &row_bytes_);
  }
  void AddKeyed(FileId file, ContextId context) {
    Append(&files_[file].keyed, context, &row_bytes_);
  }

  void AddOutcome(absl::string_view label, const LabelOutcome& outcome) {
    Label& l = labels_[MarkRan(label)];
    l.outcome = MergeOutcomes(l.outcome, outcome);
    has_outcomes_ = true;
  }

  void Order(absl::Span<const absl::string_view> labels) {
    for (absl::string_view label : labels) {
      const uint32_t id = names_.Find(label);
      if (id == BytesInterner::kNone) {
        if (early_order_.Intern(label) == early_places_.size()) early_places_.push_back(places_++);
      } else if (PlaceOf(id) == kNoPlace) {
        labels_[id].place = places_++;
      }
    }
  }

  std::vector<absl::string_view> RanLabels() const {
    std::vector<absl::string_view> out;
    out.reserve(names_.size());
    for (uint32_t i = 0; i < names_.size(); ++i) out.push_back(names_.Get(i));
    return out;
  }

  absl::optional<absl::string_view> FindRan(absl::string_view label) const {
    const uint32_t id = names_.Find(label);
    if (id == BytesInterner::kNone) return absl::nullopt;
    return names_.Get(id);
  }

  uint32_t MarkRan(absl::string_view label) {
    const uint32_t id = names_.Intern(label);
    if (id == labels_.size()) labels_.emplace_back();
    return id;
  }

  uint64_t pairs() const { return pairs_; }
  size_t labels() const { return names_.size(); }
  size_t files() const { return files_.size(); }

  size_t memory_bytes() const {
    return names_.memory_bytes() + paths_.memory_bytes() + early_order_.memory_bytes() +
           early_places_.capacity() * sizeof(uint32_t) + patterns_.memory_bytes() +
           sets_.memory_bytes() + row_bytes_ + labels_.capacity() * sizeof(Label) +
           contexts_.capacity() * sizeof(RawContext) + files_.size() * sizeof(RawFile) +
           pattern_lines_.capacity() * sizeof(uint32_t) +
           last_contexts_.capacity() * sizeof(ContextId) + scratch_.capacity();
  }

  absl::StatusOr<SegmentContent> Finish();

 private:
  struct Label {
    ContextId contexts[3] = {kNoContext, kNoContext, kNoContext};  // by phase - 1
    uint32_t place = kNoPlace;                                     // in the suite's order
    LabelOutcome outcome;
  };
  struct RawContext {
    uint32_t label;
    Phase phase;
  };

  // A label's place in the suite's order, whether it was told before the label ran or after.
  uint32_t PlaceOf(uint32_t id) const {
    if (labels_[id].place != kNoPlace || early_places_.empty()) return labels_[id].place;
    const uint32_t early = early_order_.Find(names_.Get(id));
    return early == BytesInterner::kNone ? kNoPlace : early_places_[early];
  }
  void AddRange(FileId file, ContextId context, LineRange range,
                std::vector<RawFile::Entered>* out) {
    if (range.first < 1 || range.last < range.first || range.last > kMaxLine) {
      return Refuse(file, range.last);
    }
    Append(out, {context, range}, &row_bytes_);
  }
  // Remembers the first value out of range, for Finish.
  void Refuse(FileId file, uint64_t line) {
    if (!error_.ok()) return;
    error_ = absl::InvalidArgumentError(
        absl::StrCat("line: ", line, " of ", paths_.Get(file), " must be 1 to ", kMaxLine));
  }
  static uint32_t CountLines(absl::string_view bits) {
    uint32_t n = 0;
    for (char c : bits) n += static_cast<uint32_t>(std::popcount(static_cast<unsigned char>(c)));
    return n;
  }
  void NumberLabels(SegmentContent* out);
  std::vector<FinalContext> FinalContexts() const;
  void AssembleFiles(SegmentContent* out);
  void FillLabelFacts(SegmentContent* out);

  std::shared_ptr<const LabelDictionary> dictionary_;
  BytesInterner names_, paths_, patterns_, sets_;
  BytesInterner early_order_;  // labels told in the suite's order before they ran, or that never do
  std::vector<uint32_t> early_places_;  // by early_order_
  uint32_t places_ = 0;
  std::vector<Label> labels_;         // by names_
  std::vector<LabelNumber> numbers_;  // by names_, in Finish
  std::vector<RawContext> contexts_;
  std::deque<RawFile> files_;  // by paths_
  std::vector<uint32_t> pattern_lines_;
  std::vector<ContextId> last_contexts_;
  uint32_t last_set_ = BytesInterner::kNone;
  std::string scratch_;
  uint64_t pairs_ = 0;
  size_t row_bytes_ = 0;
  bool has_outcomes_ = false;
  absl::Status error_;
};

// Known labels keep their number; new ones follow in suite order, then by name.
void SegmentBuilder::Impl::NumberLabels(SegmentContent* out) {
  if (dictionary_ != nullptr) {
    out->extended_dictionary = dictionary_->id();
    out->labels.reserve(dictionary_->size() + names_.size() / 16);
    for (size_t i = 0; i < dictionary_->size(); ++i) {
      out->labels.emplace_back(dictionary_->Name(static_cast<LabelNumber>(i)));
    }
  }
  numbers_.assign(names_.size(), kNoLabel);
  std::vector<std::pair<uint32_t, uint32_t>> fresh;  // (place in the suite, id)
  for (uint32_t i = 0; i < names_.size(); ++i) {
    if (dictionary_ != nullptr) numbers_[i] = dictionary_->Find(names_.Get(i));
    if (numbers_[i] == kNoLabel) fresh.emplace_back(PlaceOf(i), i);
  }
  std::sort(fresh.begin(), fresh.end(), [&](const auto& a, const auto& b) {
    if (a.first != b.first) return a.first < b.first;  // kNoPlace is the greatest: after the others
    return names_.Get(a.second) < names_.Get(b.second);
  });
  for (const auto& [place, i] : fresh) {
    numbers_[i] = static_cast<LabelNumber>(out->labels.size());
    out->labels.emplace_back(names_.Get(i));
  }
}

std::vector<FinalContext> SegmentBuilder::Impl::FinalContexts() const {
  std::vector<FinalContext> out(contexts_.size());
  for (size_t i = 1; i < contexts_.size(); ++i) {
    out[i] = {numbers_[contexts_[i].label], contexts_[i].phase};
  }
  return out;
}

void SegmentBuilder::Impl::AssembleFiles(SegmentContent* out) {
  std::vector<FileId> by_path(files_.size());
  std::iota(by_path.begin(), by_path.end(), 0);
  std::sort(by_path.begin(), by_path.end(),
            [&](FileId a, FileId b) { return paths_.Get(a) < paths_.Get(b); });
  const std::vector<FinalContext> contexts = FinalContexts();
  FileAssembler assembler(&patterns_, &sets_, contexts, out->labels.size());
  DenseLabelSet observed(out->labels.size());
  FileAssembler::Counts counts;
  for (FileId f : by_path) {
    const FileEvidence file = assembler.Assemble(paths_.Get(f), &files_[f], &observed, &counts);
    files_[f] = RawFile();  // the record replaces it: both at once would double the memory
    if (file.sections.empty() && file.global_lines.empty()) continue;
    for (const EvidenceSection& section : file.sections) {
      out->kinds |= 1u << static_cast<int>(section.kind);
    }
    out->files.push_back({file.path, EncodeFileRecord(file)});
  }
  out->pairs = counts.pairs != 0 ? counts.pairs : counts.functions;
  out->global_lines = counts.global_lines;
  out->empty_evidence = out->ran;
  out->empty_evidence -= observed;
}

void SegmentBuilder::Impl::FillLabelFacts(SegmentContent* out) {
  out->ran = DenseLabelSet(out->labels.size());
  for (LabelNumber n : numbers_) out->ran.Add(n);
  if (!has_outcomes_) return;
  out->outcomes.assign(out->labels.size(), LabelOutcome());
  for (size_t i = 0; i < labels_.size(); ++i) {
    LabelOutcome outcome = labels_[i].outcome;
    outcome.seconds = RoundSeconds(outcome.seconds);
    out->outcomes[numbers_[i]] = outcome;
  }
}

absl::StatusOr<SegmentContent> SegmentBuilder::Impl::Finish() {
  if (!error_.ok()) return error_;
  SegmentContent out;
  NumberLabels(&out);
  FillLabelFacts(&out);
  AssembleFiles(&out);
  if (names_.size() == 0 && out.files.empty()) {
    return absl::InvalidArgumentError("the upload holds no evidence: no label and no line");
  }
  return out;
}

SegmentBuilder::SegmentBuilder(std::shared_ptr<const LabelDictionary> dictionary, bool renumber)
    : impl_(std::make_unique<Impl>(std::move(dictionary), renumber)) {}
SegmentBuilder::~SegmentBuilder() = default;
SegmentBuilder::SegmentBuilder(SegmentBuilder&&) noexcept = default;
SegmentBuilder& SegmentBuilder::operator=(SegmentBuilder&&) noexcept = default;

ContextId SegmentBuilder::Context(absl::string_view label, Phase phase) {
  return impl_->Context(label, phase);
}
FileId SegmentBuilder::File(absl::string_view path) { return impl_->File(path); }
void SegmentBuilder::AddLineBits(FileId file, ContextId context, absl::string_view bits) {
  impl_->AddLineBits(file, context, bits);
}
void SegmentBuilder::AddLine(FileId file, uint32_t line, absl::Span<const ContextId> contexts) {
  impl_->AddLine(file, line, contexts);
}
void SegmentBuilder::AddFunction(FileId file, ContextId context, LineRange range) {
  impl_->AddFunction(file, context, range);
}
void SegmentBuilder::AddOpened(FileId file, ContextId context) { impl_->AddOpened(file, context); }
void SegmentBuilder::AddImported(FileId file, ContextId context) {
  impl_->AddImported(file, context);
}
void SegmentBuilder::AddKeyed(FileId key, ContextId context) { impl_->AddKeyed(key, context); }
void SegmentBuilder::AddFixtureUse(FileId file, ContextId context, LineRange range) {
  impl_->AddFixtureUse(file, context, range);
}
void SegmentBuilder::AddCameOrWent(FileId file, ContextId context, LineRange range) {
  impl_->AddCameOrWent(file, context, range);
}
void SegmentBuilder::AddOutcome(absl::string_view label, const LabelOutcome& outcome) {
  impl_->AddOutcome(label, outcome);
}
void SegmentBuilder::Order(absl::Span<const absl::string_view> labels) { impl_->Order(labels); }
void SegmentBuilder::MarkRan(absl::string_view label) { impl_->MarkRan(label); }
std::vector<absl::string_view> SegmentBuilder::RanLabels() const { return impl_->RanLabels(); }
absl::optional<absl::string_view> SegmentBuilder::FindRan(absl::string_view label) const {
  return impl_->FindRan(label);
}
uint64_t SegmentBuilder::pairs_so_far() const { return impl_->pairs(); }
size_t SegmentBuilder::labels_so_far() const { return impl_->labels(); }
size_t SegmentBuilder::files_so_far() const { return impl_->files(); }
size_t SegmentBuilder::memory_bytes() const { return impl_->memory_bytes(); }
absl::StatusOr<SegmentContent> SegmentBuilder::Finish() && { return impl_->Finish(); }

}  // namespace testselect
