// WalkContext: what a walk along names asks about two trees and the evidence of the older one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "server/selection/evidence_view.h"
#include "server/selection/label_homes.h"
#include "server/selection/name_index.h"
#include "server/selection/unstable_bodies.h"
#include "server/source/source_tree.h"

namespace testselect {

// A path of either tree.
using PathId = uint32_t;

// The code that evidence was recorded at (`before`), and the code at head (`after`).
struct CodePair {
  std::shared_ptr<const SourceTree> before, after;
  std::shared_ptr<const NameIndex> names;  // of `before`, all files
  std::shared_ptr<const LabelHomes> homes_before, homes_after;
  std::shared_ptr<const UnstableBodies> unstable;  // null: none is known
};

// A bit per path.
using PathSet = std::vector<bool>;

// The kinds of guards (LanguageTraits): names whose users see what no other name leads to.
enum class Guard : uint8_t {
  kDocstrings,
  kSignatures,
  kFields,
  kSource,
  kFiles,
  kClasses,
  kProcesses,
  kCount
};

// Not thread-safe: it keeps what it has worked out. Evidence and universe must outlive it.
class WalkContext {
 public:
  WalkContext(CodePair code, EvidenceView* evidence, const LabelUniverse* universe);

  // ---- paths
  size_t path_count() const { return paths_.size(); }
  const std::string& Path(PathId path) const { return paths_[path]; }
  PathId FindPath(absl::string_view path) const;  // kNoFile if neither tree has it
  PathId PathOf(const UnitRef& ref) const {
    return (ref.after ? from_after_ : from_before_)[ref.file];
  }
  // The file in one of the trees, or kNoFile.
  FileId Before(PathId path) const { return in_before_[path]; }
  FileId After(PathId path) const { return in_after_[path]; }
  bool IsCodeBefore(PathId path) const;
  bool IsCodeAfter(PathId path) const;
  // The units of a path; null where that tree has no code there.
  const SourceModule* ModuleBefore(PathId path) const;
  const SourceModule* ModuleAfter(PathId path) const;
  const Language* LanguageAt(PathId path) const;  // head's if there is one; null: no code

  // ---- units and names
  const SourceTree& Tree(const UnitRef& ref) const {
    return ref.after ? *code_.after : *code_.before;
  }
  const SourceModule& Module(const UnitRef& ref) const { return Tree(ref).Module(ref.file); }
  const Unit& At(const UnitRef& ref) const { return Module(ref).units[ref.unit]; }
  const NameIndex& Index(bool after) const { return after ? after_names_ : *code_.names; }
  const NameIndex& before() const { return *code_.names; }
  const NameIndex& after() const { return after_names_; }
  NameTable& names() const { return code_.before->names(); }
  absl::string_view Name(NameId name) const { return names().Name(name); }
  // Whether an import unit may mean `path`.
  bool ImportMeans(const UnitRef& import, PathId path) const;
  // Import units of one tree that take `name` ("*": all of it) out of `path`. Cost: the imports of
  // that name are resolved once.
  const std::vector<UnitRef>& ImportersOf(bool after, NameId name, PathId path);
  // Units of one tree that may put `name` together from fragments.
  const std::vector<UnitRef>& BuildersOf(bool after, NameId name);
  // Units of one tree whose free name `name` may mean what `path` defines.
  std::vector<UnitRef> FreeUsers(bool after, NameId name, PathId path) const;
  // Units of one tree that use a member `name` and may mean by it what the module `path` calls so:
  // their files reach it, or see it. Cost: the smaller of such files and the uses of the name.
  std::vector<UnitRef> ModuleMemberUsers(bool after, NameId name, PathId path);
  // Whether a free name in `user` may mean what `path` defines.
  bool Sees(const UnitRef& user, PathId path) const;

  // ---- who depends on a path
  // Paths that bring `path` along in one of the trees, itself included.
  const PathSet& Reachers(PathId path) { return ReachOf(path).set; }
  bool Reaches(PathId from, PathId to) { return Reachers(to)[from]; }
  // Labels that executed `path`, or whose test file reaches it, or that were seen to import what
  // reaches it; in linked languages also those that executed a file that reaches it. Labels without
  // a known test file are among them.
  const DenseLabelSet& Dependents(PathId path);
  // The same for a use by name: what no file includes is met through the linker by everybody.
  const DenseLabelSet& MayMeet(PathId path);
  // Whether a file that brings `path` along may be compiled as a text of its own.
  bool HasImporters(PathId path) const;
  bool KnownToAnyone(PathId path);
  PathId HomeOf(LabelNumber label) const { return homes_[label]; }  // kNoFile: unknown
  absl::Span<const LabelNumber> LabelsAt(PathId path) const { return labels_at_[path]; }
  bool IsTestFile(PathId path) const { return test_files_[path]; }
  // Labels that have a unit called `name` among their own.
  DenseLabelSet OwnersOf(NameId name) const;

  // ---- evidence
  EvidenceView& evidence() { return evidence_; }
  const DenseLabelSet& Ran(const UnitRef& body);
  // What nobody was seen to run counts where the import itself was not seen.
  bool RanWhileImporting(const UnitRef& body);
  // Some label executed it in one run and not in another, though nothing had changed.
  bool CameOrWent(const UnitRef& body) const {
    return code_.unstable != nullptr &&
           code_.unstable->Contains(paths_[PathOf(body)], At(body).key);
  }
  // Labels executed bodies of `path`, and nothing that importing it runs was seen: it was imported
  // before the collector began (by the runner's configuration, by a plugin).
  bool ImportUnseen(PathId path);
  // Evidence is silent about `path` because of how it was collected, not because nobody ran it.
  bool Unmeasured(PathId path);
  // Labels that executed `path` or what reaches it, though their test files do not: they import it
  // while they run, if it is not there before the tests. None in linked languages.
  const DenseLabelSet& ImportLate(PathId path);
  // Module-level lines of `path` ran inside a label whose test file does not reach it.
  bool ImportedInTest(PathId path);

  // ---- guards
  const std::vector<NameId>& GuardNames(const Language* language, Guard guard) const;
  // Labels that executed a body which uses one of the guard's names, in any language.
  const DenseLabelSet& GuardLabels(Guard guard);
  // Units outside bodies with a member use of one of the guard's names.
  std::vector<UnitRef> GuardUsers(Guard guard) const;
  // Whether a unit uses one of the guard's names.
  bool UsesGuard(const UnitRef& ref, Guard guard) const;
  // Whether any unit uses one of the guard's names of `language`.
  bool AnyoneUses(const Language* language, Guard guard) const;

 private:
  struct Reach {
    PathSet set;
    std::vector<PathId> list;  // ascending
  };
  using UnitsByPath = absl::flat_hash_map<PathId, std::vector<UnitRef>>;

  void JoinPaths();
  void FindHomes();
  const Reach& ReachOf(PathId path);
  void CollectReachers(const SourceTree& tree, FileId target, const std::vector<PathId>& joint,
                       Reach* out);
  bool SharesNames(PathId path) const;
  // Those of `refs`, units of one tree by file, that stand in `path`.
  absl::Span<const UnitRef> In(absl::Span<const UnitRef> refs, bool after, PathId path) const;

  const CodePair code_;
  EvidenceView& evidence_;
  const LabelUniverse& universe_;
  std::vector<std::string> paths_;
  std::vector<PathId> from_before_, from_after_;
  std::vector<FileId> in_before_, in_after_;
  NameIndex after_names_;
  std::vector<PathId> homes_;  // by label
  std::vector<std::vector<LabelNumber>> labels_at_;
  DenseLabelSet homeless_;
  PathSet test_files_;
  absl::flat_hash_map<PathId, std::unique_ptr<Reach>> reachers_;
  std::vector<uint32_t> visited_;  // by file: the last visit_ of CollectReachers that came by
  uint32_t visit_ = 0;
  absl::flat_hash_map<NameId, std::unique_ptr<UnitsByPath>> importers_[2];  // [after]
  absl::flat_hash_map<NameId, std::unique_ptr<std::vector<UnitRef>>> builders_[2];
  absl::flat_hash_map<PathId, std::unique_ptr<DenseLabelSet>> dependents_, import_late_;
  absl::flat_hash_map<const Language*, std::vector<std::vector<NameId>>> guard_names_;
  std::vector<std::unique_ptr<DenseLabelSet>> guard_labels_;
  absl::flat_hash_map<PathId, bool> imported_in_test_, import_unseen_;
};

}  // namespace testselect
