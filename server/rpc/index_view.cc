#include "server/rpc/index_view.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/rpc/status.h"
#include "server/selection/label_universe.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

using OpenSegments = std::vector<std::shared_ptr<const Segment>>;

absl::StatusOr<OpenSegments> OpenAll(const IndexStore& store,
                                     const std::vector<SegmentInfo>& infos) {
  OpenSegments segments;
  for (const SegmentInfo& info : infos) {
    TS_ASSIGN_OR_RETURN(std::shared_ptr<const Segment> segment, store.Open(info.id));
    segments.push_back(std::move(segment));
  }
  return segments;
}

// Sorts ranges and joins those that touch.
std::vector<LineRange> Joined(std::vector<LineRange> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const LineRange& a, const LineRange& b) {
    return std::tie(a.first, a.last) < std::tie(b.first, b.last);
  });
  std::vector<LineRange> joined;
  for (const LineRange& range : ranges) {
    if (!joined.empty() && range.first <= joined.back().last + 1) {
      joined.back().last = std::max(joined.back().last, range.last);
    } else {
      joined.push_back(range);
    }
  }
  return joined;
}

uint64_t LinesOf(const std::vector<LineRange>& ranges) {
  uint64_t lines = 0;
  for (const LineRange& range : ranges) lines += range.last - range.first + 1;
  return lines;
}

absl::Status Cancelled() { return absl::CancelledError("nobody waits for the figures any more"); }

// Counts the distinct (label, line) pairs of one file over several segments, by sweeping over the
// borders of their runs.
class FilePairs {
 public:
  explicit FilePairs(const LabelUniverse& universe) : universe_(universe) {}

  absl::Status Add(const Segment& segment, const FileEvidence& file) {
    const size_t first_set = sets_.size();
    const LabelDictionary& dictionary = *segment.labels();
    for (const std::string& encoded : file.sets) {
      DenseLabelSet own(dictionary.size());
      TS_RETURN_IF_ERROR(UnionLabelSet(encoded, dictionary.size(), &own));
      sets_.emplace_back(universe_.size());
      universe_.Translate(dictionary, own, &sets_.back());
    }
    for (const EvidenceSection& section : file.sections) {
      if (section.kind != EvidenceKind::kLine) continue;
      for (const EvidenceRun& run : section.runs) {
        starts_[run.first].push_back({run.last, first_set + run.set});
      }
    }
    global_.insert(global_.end(), file.global_lines.begin(), file.global_lines.end());
    return absl::OkStatus();
  }

  uint64_t Count() const {
    std::set<uint32_t> borders;  // where the labels of a line may change
    for (const auto& [first, runs] : starts_) {
      borders.insert(first);
      for (const auto& [last, set] : runs) borders.insert(last + 1);
    }
    uint64_t pairs = 0;
    std::vector<std::pair<uint32_t, size_t>> active;  // (last line, set)
    for (auto border = borders.begin();
         border != borders.end() && std::next(border) != borders.end(); ++border) {
      std::erase_if(active, [&](const auto& run) { return run.first < *border; });
      if (const auto found = starts_.find(*border); found != starts_.end()) {
        active.insert(active.end(), found->second.begin(), found->second.end());
      }
      if (active.empty()) continue;
      DenseLabelSet labels(universe_.size());
      for (const auto& [last, set] : active) labels |= sets_[set];
      pairs += labels.Count() * (*std::next(border) - *border);
    }
    return pairs;
  }

  uint64_t GlobalLines() const { return LinesOf(Joined(global_)); }

 private:
  const LabelUniverse& universe_;
  std::vector<DenseLabelSet> sets_;
  std::map<uint32_t, std::vector<std::pair<uint32_t, size_t>>> starts_;
  std::vector<LineRange> global_;
};

// Which of the segments have evidence of a file, by path.
absl::StatusOr<std::map<std::string, std::vector<size_t>>> OwnersOfFiles(
    const OpenSegments& segments) {
  std::map<std::string, std::vector<size_t>> owners;
  for (size_t i = 0; i < segments.size(); ++i) {
    TS_RETURN_IF_ERROR(segments[i]->ForEachFile([&](const FileEvidence& file) {
      owners[file.path].push_back(i);
      return true;
    }));
  }
  return owners;
}

uint64_t DistinctLabels(const OpenSegments& segments, const LabelUniverse& universe) {
  DenseLabelSet all(universe.size());
  for (const auto& segment : segments) universe.Translate(*segment->labels(), segment->ran(), &all);
  return all.Count();
}

std::shared_ptr<const LabelUniverse> UniverseOf(const OpenSegments& segments) {
  std::vector<std::shared_ptr<const LabelDictionary>> dictionaries;
  for (const auto& segment : segments) dictionaries.push_back(segment->labels());
  return LabelUniverse::Of(dictionaries);
}

// Adds what `segment` saw of its label number `label`.
absl::Status AddLabel(const Segment& segment, LabelNumber label, LabelFigures* out,
                      const std::function<bool()>& cancelled) {
  const size_t universe = segment.labels()->size();
  absl::Status problem;
  TS_RETURN_IF_ERROR(segment.ForEachFile([&](const FileEvidence& file) {
    if (cancelled()) problem = Cancelled();
    std::vector<char> has(file.sets.size());
    for (size_t i = 0; i < file.sets.size() && problem.ok(); ++i) {
      DenseLabelSet set(universe);
      problem = UnionLabelSet(file.sets[i], universe, &set);
      has[i] = set.Contains(label);
    }
    if (!problem.ok()) return false;
    std::vector<LineRange> ranges;
    bool is_key = false;
    for (const EvidenceSection& section : file.sections) {
      is_key |= section.kind == EvidenceKind::kIndexKey && has[section.runs[0].set];
      if (!IsExecution(section.kind)) continue;
      for (const EvidenceRun& run : section.runs) {
        if (has[run.set]) ranges.push_back({run.first, run.last});
      }
    }
    if (ranges.empty() && !is_key) return true;
    std::vector<LineRange>& all = out->files[file.path];
    all.insert(all.end(), ranges.begin(), ranges.end());
    return true;
  }));
  return problem;
}

absl::Time NewestOf(const IndexedCommit& commit) {
  absl::Time newest = absl::InfinitePast();
  for (const SegmentInfo& info : commit.segments) newest = std::max(newest, info.created);
  return newest;
}

// Where a commit stands in the listing: newest first, then by id.
std::pair<int64_t, ObjectId> PlaceOf(const IndexedCommit& commit) {
  return {-absl::ToUnixMicros(NewestOf(commit)), commit.commit};
}

}  // namespace

std::vector<SegmentInfo> UsableSegments(const std::vector<SegmentInfo>& infos) {
  std::vector<SegmentInfo> usable;
  for (const SegmentState state : {SegmentState::kSealed, SegmentState::kBuilding}) {
    for (const SegmentInfo& info : infos) {
      if (info.state == state && IsUpload(info.header.completeness)) usable.push_back(info);
    }
    if (!usable.empty()) break;
  }
  return usable;
}

absl::StatusOr<IndexFigures> CountEvidence(const IndexStore& store,
                                           const std::vector<SegmentInfo>& segments,
                                           const std::function<bool()>& cancelled) {
  if (segments.empty()) return IndexFigures{};
  if (segments.size() == 1) {
    const SegmentInfo& only = segments[0];
    return IndexFigures{only.labels, only.files, only.pairs, only.global_lines};
  }
  TS_ASSIGN_OR_RETURN(const OpenSegments open, OpenAll(store, segments));
  const std::shared_ptr<const LabelUniverse> universe = UniverseOf(open);
  TS_ASSIGN_OR_RETURN(const auto owners, OwnersOfFiles(open));
  IndexFigures figures{.labels = DistinctLabels(open, *universe), .files = owners.size()};
  for (const auto& [path, owner_numbers] : owners) {
    if (cancelled()) return Cancelled();
    FilePairs pairs(*universe);
    for (const size_t i : owner_numbers) {
      TS_ASSIGN_OR_RETURN(const std::shared_ptr<const FileEvidence> file, open[i]->FindFile(path));
      if (file != nullptr) TS_RETURN_IF_ERROR(pairs.Add(*open[i], *file));
    }
    figures.pairs += pairs.Count();
    figures.global_lines += pairs.GlobalLines();
  }
  return figures;
}

absl::StatusOr<LabelFigures> EvidenceOfLabel(const IndexStore& store,
                                             const std::vector<SegmentInfo>& segments,
                                             absl::string_view label,
                                             const std::function<bool()>& cancelled) {
  TS_ASSIGN_OR_RETURN(OpenSegments open, OpenAll(store, segments));
  std::sort(open.begin(), open.end(),
            [](const auto& a, const auto& b) { return a->info().created < b->info().created; });
  LabelFigures figures;
  bool found = false;
  for (const auto& segment : open) {
    const LabelNumber number = segment->labels()->Find(label);
    if (number == kNoLabel || !segment->ran().Contains(number)) continue;
    found = true;
    TS_RETURN_IF_ERROR(AddLabel(*segment, number, &figures, cancelled));
    TS_ASSIGN_OR_RETURN(const auto outcomes, segment->Outcomes());
    if (outcomes != nullptr && number < outcomes->size() &&
        (*outcomes)[number].outcome != Outcome::kUnknown) {
      figures.outcome = (*outcomes)[number];
    }
  }
  if (!found) {
    return WithField(absl::NotFoundError(absl::StrCat("label='", Shorten(label),
                                                      "': no usable segment of the commit ran it")),
                     "label", label);
  }
  for (auto& [path, ranges] : figures.files) ranges = Joined(std::move(ranges));
  return figures;
}

absl::StatusOr<CommitPage> PageOf(std::vector<IndexedCommit> all, size_t page_size,
                                  absl::string_view token) {
  std::sort(all.begin(), all.end(),
            [](const IndexedCommit& a, const IndexedCommit& b) { return PlaceOf(a) < PlaceOf(b); });
  auto begin = all.begin();
  if (!token.empty()) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(token, absl::MaxSplits('.', 1));
    int64_t micros = 0;
    const absl::StatusOr<ObjectId> commit = ObjectId::FromHex("page_token", parts.second);
    if (!absl::SimpleAtoi(parts.first, &micros) || !commit.ok()) {
      return FieldError("page_token", token, "expected the next_page_token of an earlier answer");
    }
    begin = std::upper_bound(
        all.begin(), all.end(), std::pair(-micros, *commit),
        [](const auto& place, const IndexedCommit& c) { return place < PlaceOf(c); });
  }
  CommitPage page;
  const auto left = static_cast<size_t>(all.end() - begin);
  const auto end = begin + static_cast<std::ptrdiff_t>(std::min(left, page_size));
  page.commits.assign(std::make_move_iterator(begin), std::make_move_iterator(end));
  if (left > page_size) {
    const IndexedCommit& last = page.commits.back();
    page.next_token = absl::StrCat(absl::ToUnixMicros(NewestOf(last)), ".", last.commit.ToHex());
  }
  return page;
}

}  // namespace testselect
