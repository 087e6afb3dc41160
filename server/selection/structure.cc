#include "server/selection/structure.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "server/selection/evidence_view.h"
#include "server/selection/index_resolution.h"
#include "server/selection/label_homes.h"
#include "server/selection/label_universe.h"
#include "server/selection/live_evidence.h"
#include "server/selection/source_forest.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

absl::Status NoSuchFile(absl::string_view field, absl::string_view path) {
  return absl::NotFoundError(absl::StrCat(field, ": '", Shorten(path),
                                          "': no file of the commit; expected a path from "
                                          "the top of the repository"));
}

// The live evidence by the tree at which it was recorded.
absl::StatusOr<std::vector<std::pair<ObjectId, std::vector<LiveEvidence>>>> ByTree(
    const OpenEvidence& evidence, const GitRepository& git) {
  std::vector<std::pair<ObjectId, std::vector<LiveEvidence>>> trees;
  for (const LiveSegment& s : evidence.segments) {
    if (s.live.Empty()) continue;
    TS_ASSIGN_OR_RETURN(const ObjectId tree, TreeOf(s, git));
    auto it = std::find_if(trees.begin(), trees.end(),
                           [&](const auto& known) { return known.first == tree; });
    if (it == trees.end()) it = trees.insert(trees.end(), {tree, {}});
    it->second.push_back(s);
  }
  return trees;
}

// Where a file, or lines of it, were in an older tree.
struct OldPlace {
  std::string path;
  LineRange lines;
};

// Nothing where the older tree has no such file, or none of the lines. Lines of what git cannot
// compare by lines are the whole file: that names more labels, not fewer.
absl::StatusOr<std::optional<OldPlace>> PlaceBefore(const GitRepository& git,
                                                    const ObjectId& old_tree,
                                                    const ObjectId& new_tree,
                                                    const LabelQuestion& question) {
  const bool whole = question.lines.first == 0;
  OldPlace place{question.path, whole ? LineRange{1, kMaxLine} : question.lines};
  if (old_tree == new_tree) return place;
  TS_ASSIGN_OR_RETURN(const auto changes, git.DiffTrees(old_tree, new_tree));
  const auto change = std::find_if(changes->begin(), changes->end(), [&](const FileChange& c) {
    return c.new_path == question.path;
  });
  if (change == changes->end()) return place;
  if (change->old_path.empty()) return std::nullopt;
  place.path = change->old_path;
  if (whole || change->old_blob == change->new_blob) return place;
  TS_ASSIGN_OR_RETURN(const auto diff, git.DiffBlobs(change->old_blob, change->new_blob));
  place.lines = diff->binary ? LineRange{1, kMaxLine} : LinesBefore(diff->hunks, question.lines);
  if (place.lines.first == 0) return std::nullopt;
  return place;
}

std::vector<std::string> SortedNames(const LabelUniverse& universe, const DenseLabelSet& labels) {
  std::vector<std::string> names;
  labels.ForEach([&](LabelNumber n) { names.emplace_back(universe.Name(n)); });
  std::sort(names.begin(), names.end());
  return names;
}

// By file, the next one on a shortest way to a file that it reaches, and how far that is.
class WaysTo {
 public:
  WaysTo(const SourceTree& tree, FileId target)
      : tree_(tree), next_(tree.size(), kNoFile), distance_(tree.size(), 0) {
    next_[target] = target;
    std::vector<FileId> todo{target};
    for (size_t i = 0; i < todo.size(); ++i) {
      for (FileId importer : tree.Importers(todo[i])) {
        if (next_[importer] != kNoFile) continue;
        next_[importer] = todo[i];
        distance_[importer] = distance_[todo[i]] + 1;
        todo.push_back(importer);
      }
    }
  }

  bool Reaches(FileId file) const { return next_[file] != kNoFile; }
  uint32_t Distance(FileId file) const { return distance_[file]; }
  std::vector<std::string> Chain(FileId file) const {
    std::vector<std::string> chain{std::string(tree_.Path(file))};
    for (; next_[file] != file; file = next_[file]) {
      chain.emplace_back(tree_.Path(next_[file]));
    }
    return chain;
  }

 private:
  const SourceTree& tree_;
  std::vector<FileId> next_;
  std::vector<uint32_t> distance_;
};

void FindReaching(const SourceTree& tree, FileId target, const LabelUniverse& universe,
                  const DenseLabelSet& known, const LabelHomes& homes, LabelAnswer* answer) {
  const WaysTo ways(tree, target);
  std::vector<std::pair<uint32_t, LabelNumber>> found;
  known.ForEach([&](LabelNumber label) {
    const FileId home = homes.Home(label);
    if (home == kNoFile) {
      ++answer->homeless;
    } else if (ways.Reaches(home)) {
      found.emplace_back(ways.Distance(home), label);
    }
  });
  std::sort(found.begin(), found.end(), [&](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first
                              : universe.Name(a.second) < universe.Name(b.second);
  });
  for (const auto& [distance, label] : found) {
    ReachingLabel& reaching = answer->reached.emplace_back();
    reaching.label = std::string(universe.Name(label));
    if (answer->reached.size() <= LabelAnswer::kMaxChains) {
      reaching.via = ways.Chain(homes.Home(label));
    }
  }
}

absl::Status NoEvidence(const LabelQuestion& question, const Resolution& resolution) {
  std::string jobs;
  for (const JobKey& job : resolution.missing_jobs) {
    absl::StrAppend(&jobs, jobs.empty() ? "" : ", ", "'", job.ToString(), "'");
  }
  return absl::NotFoundError(absl::StrCat(
      "commit: '", question.commit.ToHex(), "': no commit at or before it has usable evidence",
      jobs.empty() ? "" : absl::StrCat(" of job ", jobs),
      resolution.shallow_end ? "; the repository is a shallow clone, fetch more of its history"
                             : ""));
}

GraphFile FileOf(const SourceTree& tree, FileId file) {
  const Language* language = tree.LanguageAt(file);
  return {
      std::string(tree.Path(file)), language == nullptr ? "" : std::string(language->name()), {}};
}

}  // namespace

absl::StatusOr<FileGraph> GraphOf(const SourceTree& tree, const std::vector<std::string>& paths) {
  std::vector<bool> asked(tree.size(), paths.empty()), shown(tree.size(), false);
  for (const std::string& path : paths) {
    const FileId file = tree.Find(path);
    if (file == kNoFile) return NoSuchFile("paths", path);
    asked[file] = shown[file] = true;
  }
  for (FileId file = 0; file < tree.size(); ++file) {
    if (paths.empty() && tree.IsCode(file)) shown[file] = true;
    for (FileId imported : tree.Imports(file)) {
      if (asked[file] || asked[imported]) shown[file] = shown[imported] = true;
    }
  }
  FileGraph graph;
  for (FileId file = 0; file < tree.size(); ++file) {
    if (!shown[file]) continue;
    GraphFile& out = graph.files.emplace_back(FileOf(tree, file));
    for (FileId imported : tree.Imports(file)) {
      if (asked[file] || asked[imported]) out.imports.emplace_back(tree.Path(imported));
    }
  }
  return graph;
}

LineRange LinesBefore(const std::vector<Hunk>& hunks, LineRange lines) {
  LineRange before = lines;
  for (const Hunk& hunk : hunks) {
    const uint32_t old_first = hunk.old_count == 0 ? hunk.old_start + 1 : hunk.old_start;
    const uint32_t new_first = hunk.new_count == 0 ? hunk.new_start + 1 : hunk.new_start;
    const uint32_t old_end = old_first + hunk.old_count, new_end = new_first + hunk.new_count;
    // A line that a hunk wrote stands for all lines that the hunk replaced.
    if (lines.first >= new_first) {
      before.first = lines.first < new_end ? old_first : old_end + (lines.first - new_end);
    }
    if (lines.last >= new_first) {
      before.last = lines.last < new_end ? old_end - 1 : old_end + (lines.last - new_end);
    }
  }
  return before.first > before.last ? LineRange{0, 0} : before;
}

absl::StatusOr<LabelAnswer> LabelsOf(const LabelInputs& inputs, const LabelQuestion& question,
                                     const Resolution& resolution) {
  TS_ASSIGN_OR_RETURN(const auto tree,
                      inputs.forest->Tree(question.repository, inputs.git, inputs.tree));
  const FileId target = tree->Find(question.path);
  if (target == kNoFile) return NoSuchFile("path", question.path);
  if (resolution.chains.empty() || !resolution.missing_jobs.empty()) {
    return NoEvidence(question, resolution);
  }
  TS_ASSIGN_OR_RETURN(const OpenEvidence evidence, OpenLiveEvidence(*inputs.store, resolution));
  TS_ASSIGN_OR_RETURN(const auto trees, ByTree(evidence, *inputs.git));
  LabelAnswer answer;
  DenseLabelSet executed, opened;
  for (const auto& [old_tree, segments] : trees) {
    TS_ASSIGN_OR_RETURN(const auto place,
                        PlaceBefore(*inputs.git, old_tree, inputs.tree, question));
    if (!place.has_value()) continue;
    EvidenceView view(segments, evidence.labels.get());
    executed |= view.Ran(place->path, place->lines);
    opened |= view.Opened(place->path);
    answer.outside_tests |= view.RanWhileImporting(place->path, place->lines);
    TS_RETURN_IF_ERROR(view.status());
  }
  answer.executed = SortedNames(*evidence.labels, executed);
  answer.opened = SortedNames(*evidence.labels, opened);
  // Under another name than a selection's: it numbers the labels itself.
  const Digest name = Digest::Of(absl::StrCat("structure", resolution.fingerprint.bytes()));
  const auto homes = inputs.forest->Homes(name, evidence.labels, inputs.tree, tree);
  FindReaching(*tree, target, *evidence.labels, evidence.known, *homes, &answer);
  for (const JobChain& chain : resolution.chains) answer.index.push_back(chain.use);
  return answer;
}

}  // namespace testselect
