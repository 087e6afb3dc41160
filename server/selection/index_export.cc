#include "server/selection/index_export.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/selection/baseline.h"
#include "storage/model/file_evidence.h"
#include "storage/model/status_macros.h"

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

// A file at the top of the repository is its own package.
std::string PackageOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(0, slash);
}

class Exporter {
 public:
  Exporter(const ExportInputs& inputs, IndexKind kind) : in_(inputs), kind_(kind) {}

  absl::StatusOr<ExportedIndex> Export() && {
    TS_RETURN_IF_ERROR(Open());
    std::map<std::string, std::vector<size_t>> owners;  // by path, the segments
    for (size_t i = 0; i < segments_.size(); ++i) {
      TS_RETURN_IF_ERROR(segments_[i]->ForEachFile([&](const FileEvidence& file) {
        owners[file.path].push_back(i);
        return true;
      }));
    }
    for (const auto& [path, of] : owners) {
      if (in_.cancelled && in_.cancelled()) return absl::CancelledError("nobody waits any more");
      for (const size_t i : of) TS_RETURN_IF_ERROR(AddFile(*segments_[i], path));
    }
    return Finish();
  }

 private:
  struct Collected {
    DenseLabelSet labels;
    bool every = false;
  };

  absl::Status Open() {
    TS_ASSIGN_OR_RETURN(segments_, OpenAll(*in_.store, in_.segments));
    std::vector<std::shared_ptr<const LabelDictionary>> dictionaries;
    for (const auto& segment : segments_) dictionaries.push_back(segment->labels());
    out_.universe = LabelUniverse::Of(dictionaries);
    for (const auto& segment : segments_) {
      out_.universe->Translate(*segment->labels(), segment->ran(), &out_.ran);
      has_keys_ |= segment->info().Holds(EvidenceKind::kIndexKey);
    }
    if (kind_ != IndexKind::kDiffedPackage) return absl::OkStatus();
    TS_ASSIGN_OR_RETURN(const OpenSegments all, OpenAll(*in_.store, in_.of_all_jobs));
    bool found = false;
    for (auto& segment : segments_) {
      auto diffed = std::make_shared<const DiffedSegment>(segment, all, in_.baseline);
      found |= diffed->has_baseline();
      segment = std::move(diffed);
    }
    if (!found) {
      out_.warnings.push_back(
          "no segment of the commit ran a label of the baseline, so nothing was taken off");
    }
    return absl::OkStatus();
  }

  absl::Status Add(const Segment& segment, const std::string& key, const DenseLabelSet& labels,
                   bool every) {
    if (labels.Empty() && !every) return absl::OkStatus();
    Collected& collected = keys_[key];
    out_.universe->Translate(*segment.labels(), labels, &collected.labels);
    collected.every |= every;
    return absl::OkStatus();
  }

  absl::Status AddFile(const Segment& segment, const std::string& path) {
    TS_ASSIGN_OR_RETURN(const auto file, segment.FindFile(path));
    if (file == nullptr) return absl::OkStatus();
    const bool is_key =
        !file->sections.empty() && file->sections.front().kind == EvidenceKind::kIndexKey;
    switch (is_key ? IndexKind::kFile : kind_) {
      case IndexKind::kFile:
        return AddWhole(segment, *file, path);
      case IndexKind::kPackage:
      case IndexKind::kDiffedPackage:
        return AddWhole(segment, *file, PackageOf(path));
      case IndexKind::kLine:
        return AddLines(segment, *file);
      case IndexKind::kFunction:
        return AddFunctions(segment, *file);
    }
    return absl::InternalError("no such kind of index");
  }

  absl::Status AddWhole(const Segment& segment, const FileEvidence& file, const std::string& key) {
    DenseLabelSet labels(segment.labels()->size());
    TS_RETURN_IF_ERROR(LabelsOfFile(file, segment.labels()->size(), &labels));
    return Add(segment, key, labels, !file.global_lines.empty());
  }

  // What is no execution of lines is under the file itself.
  absl::Status AddLines(const Segment& segment, const FileEvidence& file) {
    const size_t universe = segment.labels()->size();
    for (const EvidenceSection& section : file.sections) {
      for (const EvidenceRun& run : section.runs) {
        DenseLabelSet labels(universe);
        TS_RETURN_IF_ERROR(UnionLabelSet(file.sets[run.set], universe, &labels));
        const std::string key = IsExecution(section.kind)
                                    ? absl::StrCat(file.path, ":", run.first, "-", run.last)
                                    : file.path;
        TS_RETURN_IF_ERROR(Add(segment, key, labels, false));
      }
    }
    for (const LineRange& lines : file.global_lines) {
      TS_RETURN_IF_ERROR(Add(segment, absl::StrCat(file.path, ":", lines.first, "-", lines.last),
                             DenseLabelSet(), true));
    }
    return absl::OkStatus();
  }

  absl::Status AddFunctions(const Segment& segment, const FileEvidence& file) {
    TS_ASSIGN_OR_RETURN(const std::vector<NamedBody> bodies, in_.bodies(file.path));
    if (bodies.empty()) return AddWhole(segment, file, file.path);
    for (const NamedBody& body : bodies) {
      DenseLabelSet labels(segment.labels()->size());
      TS_RETURN_IF_ERROR(LabelsTouching(file, body.lines, segment.labels()->size(), &labels));
      TS_RETURN_IF_ERROR(Add(segment, absl::StrCat(file.path, ":", body.name), labels,
                             HasGlobalLine(file, body.lines)));
    }
    return AddOutside(segment, file, bodies);
  }

  // Labels with evidence that lies in no function, under the file itself.
  absl::Status AddOutside(const Segment& segment, const FileEvidence& file,
                          const std::vector<NamedBody>& bodies) {
    const auto inside = [&](uint32_t first, uint32_t last) {
      return std::any_of(bodies.begin(), bodies.end(), [&](const NamedBody& body) {
        return body.lines.first <= first && last <= body.lines.last;
      });
    };
    DenseLabelSet labels(segment.labels()->size());
    bool every = false;
    for (const EvidenceSection& section : file.sections) {
      for (const EvidenceRun& run : section.runs) {
        if (IsExecution(section.kind) && inside(run.first, run.last)) continue;
        TS_RETURN_IF_ERROR(UnionLabelSet(file.sets[run.set], segment.labels()->size(), &labels));
      }
    }
    for (const LineRange& lines : file.global_lines) every |= !inside(lines.first, lines.last);
    return Add(segment, file.path, labels, every);
  }

  absl::StatusOr<ExportedIndex> Finish() {
    out_.without_keys = out_.ran;
    uint64_t pairs = 0;
    for (auto& [key, collected] : keys_) {
      out_.without_keys -= collected.labels;
      pairs += collected.labels.Count();
      out_.keys.push_back({key, EncodeLabelSet(collected.labels), collected.every});
      collected.labels.Clear();
    }
    if (pairs > kMaxExportedPairs) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the index has ", pairs, " pairs of a key and a label, and at most ",
                       kMaxExportedPairs, " are exported; choose a coarser kind"));
    }
    if (has_keys_) {
      out_.warnings.push_back(
          "the job has an imported index, whose keys are given as they are, whatever the kind");
    }
    return std::move(out_);
  }

  const ExportInputs& in_;
  const IndexKind kind_;
  OpenSegments segments_;
  bool has_keys_ = false;
  std::map<std::string, Collected> keys_;
  ExportedIndex out_;
};

}  // namespace

absl::StatusOr<ExportedIndex> ExportKeys(const ExportInputs& inputs, IndexKind kind) {
  return Exporter(inputs, kind).Export();
}

}  // namespace testselect
