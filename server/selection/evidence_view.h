// EvidenceView: what the live evidence of one commit says about files, units and labels.
//
// Joins the segments that were recorded at one tree (shards, jobs) and drops what newer segments
// supersede, so that the walk along names sees one body of evidence in one numbering.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/selection/label_universe.h"
#include "server/source/statements.h"
#include "storage/index_store.h"

namespace testselect {

// A segment with the part of its labels that no newer segment ran, in the segment's numbers.
struct LiveEvidence {
  std::shared_ptr<const Segment> segment;
  std::shared_ptr<const LabelDictionary> labels;
  DenseLabelSet live;
  DenseLabelSet opaque = {};  // labels that a rule calls so, beside those that the upload does
};

// Labels whose upload says that they did more than their evidence shows, in the segment's numbers.
// Errors are those of Segment::Outcomes. Cost: linear in the labels.
absl::StatusOr<DenseLabelSet> OpaqueLabels(const Segment& segment);

// Not thread-safe: it keeps what it has looked up. All sets are in the universe's numbers. Evidence
// that cannot be read counts as none, and status() then says so: its labels must all run.
class EvidenceView {
 public:
  // `universe` must outlive the view.
  EvidenceView(std::vector<LiveEvidence> segments, const LabelUniverse* universe);

  const DenseLabelSet& live() const { return live_; }
  // Labels of which some evidence was recorded in a process that other labels may have prepared:
  // what such a label had done by another is not seen in its evidence.
  const DenseLabelSet& shared_process() const { return shared_process_; }
  bool all_share() const { return shared_process_ == live_; }
  // Labels that executed a line of the file or entered one of its functions.
  const DenseLabelSet& LabelsOf(const std::string& path);
  bool Executed(const std::string& path) { return !LabelsOf(path).Empty(); }
  // Whether evidence of the same chain, recorded at other trees, shows that somebody executed a
  // body of the file. Empty: there is no other evidence.
  void SetSeenElsewhere(std::function<bool(const std::string& path)> seen) {
    seen_elsewhere_ = std::move(seen);
  }
  bool SeenElsewhere(const std::string& path) const {
    return seen_elsewhere_ && seen_elsewhere_(path);
  }
  // Labels that executed a line of `lines`, in any phase. Cost: a scan of the file's runs, once.
  const DenseLabelSet& Ran(const std::string& path, LineRange lines);
  // Whether a line of `lines` ran outside any test.
  bool RanWhileImporting(const std::string& path, LineRange lines);
  // Whether a test, or code outside tests, ran a line of `lines`.
  bool Seen(const std::string& path, LineRange lines) {
    return RanWhileImporting(path, lines) || !Ran(path, lines).Empty();
  }
  // Labels on lines of `lines` that not every label of `lines` executed; all of them if there is no
  // such line.
  DenseLabelSet TookRareBranch(const std::string& path, LineRange lines);
  // Who came to a place in a body: element i has the labels that executed the lines of `signs[i]`,
  // from the jobs of which that is the first sign that was seen; the last, one more, has those that
  // executed a line of `body`, from the jobs that saw none. Evidence by functions shows no signs.
  std::vector<DenseLabelSet> CameTo(const std::string& path,
                                    const std::vector<StatementEdit::Sign>& signs, LineRange body);
  // Labels that, in their run phase, executed a line of the file in none of `bodies` (ascending).
  DenseLabelSet RanOutside(const std::string& path, const std::vector<LineRange>& bodies);

  // Labels that opened the file as data.
  DenseLabelSet Opened(const std::string& path) {
    return OfKind(path, EvidenceKind::kOpenedFile, {0, 0});
  }
  // Whether uploads tell which files labels imported; and the labels that imported `path`.
  bool observes_imports() const { return observes_imports_; }
  DenseLabelSet Imported(const std::string& path) {
    return OfKind(path, EvidenceKind::kImportedFile, {0, 0});
  }
  // Labels that used the fixture that overlaps `lines`; nothing where not all uploads tell of
  // fixtures, or none of this one: then it must be guessed.
  std::optional<DenseLabelSet> FixtureUsers(const std::string& path, LineRange lines);
  // Labels that did more than the evidence shows, as uploads or rules say. Cost: the outcomes are
  // read, once.
  const DenseLabelSet& Opaque();

  // Not ok once some evidence could not be read.
  const absl::Status& status() const { return status_; }

 private:
  struct File {
    std::vector<std::shared_ptr<const FileEvidence>> by_segment;  // null: none
    DenseLabelSet labels;
    absl::flat_hash_map<uint64_t, DenseLabelSet> ran;  // by first << 32 | last
  };
  File& Find(const std::string& path);
  // Whether evidence by lines of the job of segment i has one of `lines`.
  bool JobSaw(const File& file, size_t i, const std::vector<LineRange>& lines) const;
  // Labels of the runs of a kind that overlap `lines`.
  DenseLabelSet OfKind(const std::string& path, EvidenceKind kind, LineRange lines);
  // Adds `labels`, numbers of segment i, as far as they are live.
  void AddLive(size_t i, DenseLabelSet labels, DenseLabelSet* out) const;

  const std::vector<LiveEvidence> segments_;
  const LabelUniverse& universe_;
  DenseLabelSet live_, shared_process_;
  bool observes_imports_ = false;
  bool observes_fixtures_ = false;
  std::optional<DenseLabelSet> opaque_;
  std::function<bool(const std::string& path)> seen_elsewhere_;
  absl::flat_hash_map<std::string, std::unique_ptr<File>> files_;
  absl::Status status_;
};

}  // namespace testselect
