#include "storage/file_assembler.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <tuple>

#include "storage/model/varint.h"

namespace testselect {
namespace {

uint64_t LoadBits(absl::string_view bytes, size_t at) {
  uint64_t word = 0;
  for (size_t i = 0; i < 8 && at + i < bytes.size(); ++i) {
    word |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  }
  return word;
}

// Sorted, free of repeats, in gap runs.
std::string SetOf(std::vector<LabelNumber>* labels) {
  std::sort(labels->begin(), labels->end());
  labels->erase(std::unique(labels->begin(), labels->end()), labels->end());
  return EncodeLabelSet(*labels);
}

}  // namespace

void EncodeContexts(absl::Span<const uint32_t> contexts, std::string* out) {
  int64_t last = 0;
  for (uint32_t c : contexts) {
    PutVarint(out, ZigZag(int64_t{c} - last));
    last = c;
  }
}

void FileAssembler::AddBlock(Phase phase, absl::Span<const uint32_t> lines,
                             absl::Span<const LabelNumber> labels) {
  EvidenceBlocks& to = Of(phase);
  to.blocks.push_back({to.lines.size(), lines.size(), to.labels.size(), labels.size()});
  to.lines.insert(to.lines.end(), lines.begin(), lines.end());
  to.labels.insert(to.labels.end(), labels.begin(), labels.end());
}

void FileAssembler::PatternLines(uint32_t pattern, std::vector<uint32_t>* lines) const {
  const absl::string_view bits = patterns_.Get(pattern);
  for (size_t at = 0; at < bits.size(); at += 8) {
    for (uint64_t word = LoadBits(bits, at); word != 0; word &= word - 1) {
      lines->push_back(static_cast<uint32_t>(at * 8 + std::countr_zero(word)));
    }
  }
}

// One block per distinct pattern and phase.
void FileAssembler::CollectRows(std::vector<RawFile::Row>* rows) {
  std::sort(rows->begin(), rows->end(), [](const RawFile::Row& a, const RawFile::Row& b) {
    return std::tie(a.pattern, a.context) < std::tie(b.pattern, b.context);
  });
  for (size_t i = 0; i < rows->size();) {
    const uint32_t pattern = (*rows)[i].pattern;
    lines_.clear();
    PatternLines(pattern, &lines_);
    for (auto& labels : labels_) labels.clear();
    for (; i < rows->size() && (*rows)[i].pattern == pattern; ++i) {
      const FinalContext& c = contexts_[(*rows)[i].context];
      if (c.label == kNoLabel) {
        global_.insert(global_.end(), lines_.begin(), lines_.end());
      } else {
        labels_[static_cast<size_t>(c.phase) - 1].push_back(c.label);
      }
    }
    for (size_t p = 0; p < kPhases; ++p) {
      if (!labels_[p].empty()) AddBlock(static_cast<Phase>(p + 1), lines_, labels_[p]);
    }
  }
}

// One block per distinct set of contexts and phase.
void FileAssembler::CollectRuns(std::vector<RawFile::Run>* runs) {
  std::sort(runs->begin(), runs->end(), [](const RawFile::Run& a, const RawFile::Run& b) {
    return std::tie(a.set, a.first) < std::tie(b.set, b.first);
  });
  for (size_t i = 0; i < runs->size();) {
    const uint32_t set = (*runs)[i].set;
    lines_.clear();
    for (; i < runs->size() && (*runs)[i].set == set; ++i) {
      uint32_t line = (*runs)[i].first;  // a line may be told twice
      if (!lines_.empty()) line = std::max(line, lines_.back() + 1);
      for (; line <= (*runs)[i].last; ++line) lines_.push_back(line);
    }
    for (auto& labels : labels_) labels.clear();
    bool global = false;
    int64_t context = 0;
    RecordReader in(sets_.Get(set));
    while (!in.AtEnd()) {
      context += UnZigZag(in.Varint());
      const FinalContext& c = contexts_[static_cast<size_t>(context)];
      if (c.label == kNoLabel) {
        global = true;
      } else {
        labels_[static_cast<size_t>(c.phase) - 1].push_back(c.label);
      }
    }
    if (global) global_.insert(global_.end(), lines_.begin(), lines_.end());
    for (size_t p = 0; p < kPhases; ++p) {
      if (!labels_[p].empty()) AddBlock(static_cast<Phase>(p + 1), lines_, labels_[p]);
    }
  }
}

uint32_t FileAssembler::SetNumber(const std::string& set, FileEvidence* out) {
  const auto [it, added] = set_numbers_.try_emplace(set, static_cast<uint32_t>(out->sets.size()));
  if (added) out->sets.push_back(set);
  return it->second;
}

EvidenceSection FileAssembler::LineSection(Phase phase, FileEvidence* out, Counts* counts) {
  grid_.Build(Of(phase), /*with_sets=*/true);
  EvidenceSection section{EvidenceKind::kLine, phase, {}};
  const absl::Span<const uint32_t> class_of = grid_.class_of();
  std::vector<uint32_t> number(grid_.classes().size(), BytesInterner::kNone);
  for (size_t place = 0; place < class_of.size(); ++place) {
    const uint32_t c = class_of[place];
    if (c == EvidenceGrid::kUncovered) continue;
    const uint32_t line = grid_.line(place);
    counts->pairs += grid_.classes()[c].members;
    if (number[c] == BytesInterner::kNone) number[c] = SetNumber(grid_.classes()[c].set, out);
    const bool joins = !section.runs.empty() && section.runs.back().last + 1 == line &&
                       section.runs.back().set == number[c];
    if (joins) {
      section.runs.back().last = line;
    } else {
      section.runs.push_back({line, line, number[c]});
    }
  }
  return section;
}

uint64_t FileAssembler::CountPairsOfAllPhases() {
  all_phases_.Clear();
  for (const EvidenceBlocks& from : blocks_) {
    for (EvidenceBlock b : from.blocks) {
      b.first_line += all_phases_.lines.size();
      b.first_label += all_phases_.labels.size();
      all_phases_.blocks.push_back(b);
    }
    all_phases_.lines.insert(all_phases_.lines.end(), from.lines.begin(), from.lines.end());
    all_phases_.labels.insert(all_phases_.labels.end(), from.labels.begin(), from.labels.end());
  }
  grid_.Build(all_phases_, /*with_sets=*/false);
  uint64_t pairs = 0;
  for (const LineClass& c : grid_.classes()) pairs += c.members * c.lines;
  return pairs;
}

void FileAssembler::LineSections(FileEvidence* out, Counts* counts) {
  size_t phases = 0;
  Counts per_phase;
  for (size_t p = 0; p < kPhases; ++p) {
    if (blocks_[p].blocks.empty()) continue;
    ++phases;
    out->sections.push_back(LineSection(static_cast<Phase>(p + 1), out, &per_phase));
  }
  // A line that a label executed while setting up and while running is one pair.
  counts->pairs += phases > 1 ? CountPairsOfAllPhases() : per_phase.pairs;
}

uint64_t FileAssembler::RangeSections(EvidenceKind kind, std::vector<RawFile::Entered>* ranges,
                                      FileEvidence* out) {
  uint64_t count = 0;
  const auto key = [&](const RawFile::Entered& e) {
    return std::make_tuple(contexts_[e.context].phase, e.range.first, e.range.last);
  };
  std::sort(ranges->begin(), ranges->end(),
            [&](const auto& a, const auto& b) { return key(a) < key(b); });
  std::vector<LabelNumber> labels;
  for (size_t i = 0; i < ranges->size();) {
    const RawFile::Entered& head = (*ranges)[i];
    labels.clear();
    for (; i < ranges->size() && key((*ranges)[i]) == key(head); ++i) {
      const FinalContext& c = contexts_[(*ranges)[i].context];
      if (c.label != kNoLabel) {
        labels.push_back(c.label);
      } else if (kind == EvidenceKind::kFunction) {  // entered outside any test
        for (uint32_t l = head.range.first; l <= head.range.last; ++l) global_.push_back(l);
      }
    }
    if (labels.empty()) continue;
    const std::string set = SetOf(&labels);
    count += labels.size();
    const Phase phase = contexts_[head.context].phase;
    if (out->sections.empty() || out->sections.back().kind != kind ||
        out->sections.back().phase != phase) {
      out->sections.push_back({kind, phase, {}});
    }
    out->sections.back().runs.push_back({head.range.first, head.range.last, SetNumber(set, out)});
  }
  return count;
}

void FileAssembler::WholeFileSections(EvidenceKind kind, absl::Span<const uint32_t> contexts,
                                      FileEvidence* out) {
  for (auto& labels : labels_) labels.clear();
  for (uint32_t context : contexts) {
    const FinalContext& c = contexts_[context];
    if (c.label != kNoLabel) labels_[static_cast<size_t>(c.phase) - 1].push_back(c.label);
  }
  for (size_t p = 0; p < kPhases; ++p) {
    if (labels_[p].empty()) continue;
    const uint32_t set = SetNumber(SetOf(&labels_[p]), out);
    out->sections.push_back({kind, static_cast<Phase>(p + 1), {{0, 0, set}}});
  }
}

void FileAssembler::GlobalLines(FileEvidence* out, Counts* counts) {
  std::sort(global_.begin(), global_.end());
  global_.erase(std::unique(global_.begin(), global_.end()), global_.end());
  counts->global_lines += global_.size();
  for (uint32_t line : global_) {
    if (!out->global_lines.empty() && out->global_lines.back().last + 1 == line) {
      out->global_lines.back().last = line;
    } else {
      out->global_lines.push_back({line, line});
    }
  }
}

void FileAssembler::Observe(const RawFile& raw, DenseLabelSet* observed) const {
  for (const EvidenceBlocks& blocks : blocks_) {
    for (LabelNumber n : blocks.labels) observed->Add(n);
  }
  for (const RawFile::Entered& e : raw.functions) {
    if (contexts_[e.context].label != kNoLabel) observed->Add(contexts_[e.context].label);
  }
  for (const uint32_t context : raw.keyed) {
    if (contexts_[context].label != kNoLabel) observed->Add(contexts_[context].label);
  }
}

FileEvidence FileAssembler::Assemble(absl::string_view path, RawFile* raw, DenseLabelSet* observed,
                                     Counts* counts) {
  FileEvidence out;
  out.path = std::string(path);
  for (EvidenceBlocks& blocks : blocks_) blocks.Clear();
  global_.clear();
  set_numbers_.clear();
  CollectRows(&raw->rows);
  CollectRuns(&raw->runs);
  LineSections(&out, counts);
  counts->functions += RangeSections(EvidenceKind::kFunction, &raw->functions, &out);
  WholeFileSections(EvidenceKind::kOpenedFile, raw->opened, &out);
  WholeFileSections(EvidenceKind::kImportedFile, raw->imported, &out);
  RangeSections(EvidenceKind::kUsedFixture, &raw->fixtures, &out);
  RangeSections(EvidenceKind::kCameOrWent, &raw->unstable, &out);
  WholeFileSections(EvidenceKind::kIndexKey, raw->keyed, &out);
  GlobalLines(&out, counts);
  Observe(*raw, observed);
  return out;
}

}  // namespace testselect
