// NameWalk: from a changed unit, along the names it binds, to the labels that may notice (design:
// "Units and names").
//
// A user that is a body selects the labels that executed it. A user that is a header or a statement
// changes the names it binds, and the walk goes on. What names cannot follow is reach: everybody
// who brings the file along. Knows no language: a layer said what binds and uses what.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "server/selection/reason.h"
#include "server/selection/walk_context.h"
#include "server/source/statements.h"

namespace testselect {

// One link of the chain from a change to a label; links point to the one before.
struct WalkStep {
  enum class Verb : uint8_t {
    kChange,
    kName,
    kMember,
    kClass,
    kUsedIn,
    kResultOf,
    kText,
    kImport  // a name that a file has from an import, and no other file
  };
  uint32_t before = 0;  // 0: the first
  Verb verb = Verb::kChange;
  NameId name = kNoName;
  PathId path = kNoFile;
  absl::string_view text;  // a literal: what happened, "changed body"
};

// A verdict of the walk.
struct WalkMark {
  ReasonCode code;
  bool present_diff;  // the label executed the change itself
  PathId path;        // of the changed file
  LineRange lines;    // of the changed unit in the evidence's commit; 0-0: none
  uint32_t step;      // end of the chain
};

class WalkSink {
 public:
  virtual ~WalkSink() = default;
  // `labels` run. Numbers are the universe's.
  virtual void Select(const WalkMark& mark, const DenseLabelSet& labels) = 0;
  // One label of each of these test files runs.
  virtual void AddCanaries(const WalkMark& mark, const PathSet& test_files) = 0;
};

// Not thread-safe. Context and sink must outlive it. Walks whatever it is told until there is
// nothing left to follow before it returns. Names that occur everywhere cannot make it run away:
// past kMaxSteps it selects everybody (exhausted()).
class NameWalk {
 public:
  static constexpr size_t kMaxSteps = 20'000'000;

  // `by_statement`: of a changed body, the labels that came to a changed statement; else all that
  // executed a line of it.
  NameWalk(WalkContext* context, WalkSink* sink, bool by_statement)
      : context_(*context), sink_(*sink), by_statement_(by_statement) {
    steps_.emplace_back();
  }

  // Explains a changed, new or deleted file of code, or a file that code names as data.
  void FileChanged(PathId path);
  void DataChanged(PathId path);
  // A path of any kind came or went: who lists files may see it.
  void PathCameOrWent(PathId path);

  // The chain that ends with `step`, as a sentence.
  std::string Chain(uint32_t step) const;
  bool exhausted() const { return exhausted_; }

 private:
  using Verb = WalkStep::Verb;
  // Where a walk comes from: the change, the chain so far, and the reason it gives.
  struct Trail {
    ReasonCode code = ReasonCode::kNameChange;
    PathId changed = kNoFile;
    LineRange lines;
    uint32_t step = 0;
    bool shared_only = false;  // concerns only labels that share a process with others
  };
  struct Task {
    Verb verb;  // kName, kMember, kClass or kImport
    NameId name;
    PathId path;
    Trail trail;
  };
  // Follows names without telling the sink, in a state of its own.
  struct Probe {
    explicit Probe(NameWalk* walk);
    ~Probe();
    DenseLabelSet labels;

   private:
    NameWalk& walk_;
    absl::flat_hash_set<uint64_t> done_;
    std::deque<Task> tasks_;
    DenseLabelSet* outer_;
  };

  Trail Extend(Trail trail, Verb verb, NameId name, PathId path, absl::string_view text = "");
  void Select(const Trail& trail, const DenseLabelSet& labels, bool present_diff = false);
  bool Once(Verb verb, NameId name, PathId path, bool shared_only = false);
  void Push(Verb verb, NameId name, PathId path, const Trail& trail);
  void Run();

  void NameChanged(const Task& task);
  void ImportedNameChanged(const Task& task);
  void MemberChanged(const Task& task);
  void ClassChanged(const Task& task);
  void OtherNames(NameId key, PathId path, const Trail& trail);
  void PushClass(NameId key, PathId path, const Trail& trail);
  void UsedBy(const UnitRef& user, PathId path, const Trail& trail);
  void Bound(const UnitRef& ref, const Trail& trail);
  void ReachesInto(const UnitRef& ref, const Trail& trail);
  void SetThrough(FileId file, NameId name, const UnitRef& statement, int hops, const Trail& trail);
  bool IsPlain(NameId class_key, PathId path) const;
  bool MayFit(const Language& language, absl::string_view method) const;
  bool NamesAFixture(NameId name, PathId path) const;
  void Reach(PathId path, const Trail& trail);
  void Canaries(PathId path, const Trail& trail);
  void ResultTravels(const UnitRef& body, const Trail& trail);
  void ResultIsShared(const UnitRef& body, Trail trail, ReasonCode code);
  void ResultChanged(const UnitRef& body, Trail trail, ReasonCode code);

  // `now` is the body at head, where it has one and nothing else of its function changed.
  void BodyChanged(const UnitRef& body, const Unit* now, const Trail& trail);
  void SelectWhoRan(const UnitRef& body, const Unit* now, const Trail& trail);
  std::optional<std::vector<StatementEdit>> StatementsChanged(const UnitRef& body, const Unit& now);
  void SelectWhoCame(const UnitRef& body, const StatementEdit& edit, const Trail& trail);
  void KeepersOf(const UnitRef& body, const Trail& trail);
  bool CalledByAll(const UnitRef& keeper, const DenseLabelSet& ran);
  const std::vector<UnitRef>& Keepers();
  bool MayHaveCalled(const UnitRef& keeper, const UnitRef& body);
  const DenseLabelSet& ProcessStarters();

  void CodeChanged(PathId path);
  // `old` and `now` are the unit in the two trees; null where it is not.
  void UnitChanged(const UnitRef& ref, const Unit* old, const Unit* now, absl::string_view how);
  void BindingChanged(const UnitRef& ref, absl::string_view how, const Trail& trail);
  void EmptyBodyChanged(const UnitRef& ref, const Trail& trail);
  void SignatureChanged(const UnitRef& ref, absl::string_view how, const Trail& trail);
  void AnnotationChanged(const UnitRef& ref, absl::string_view how, const Trail& trail);
  void DocstringChanged(const UnitRef& ref, absl::string_view how, const Trail& trail);
  void Registrations(const UnitRef& ref, const Trail& trail);
  void RegistersWith(const SourceTree& tree, bool after, FileId file, NameId name,
                     const UnitRef& ref, int hops, const Trail& trail);
  void BodiesNamed(NameId key, PathId path, const Trail& trail);
  void ReadBy(Guard guard, const UnitRef& ref, const Trail& trail);
  void StillUsed(const UnitRef& ref, const Trail& trail);
  void Guarded(Guard guard, PathId path, const Trail& trail);
  void MeantAnew(PathId path, const Trail& trail);
  void SurroundingsChanged(PathId path, const Trail& trail);
  void ImportChanged(const UnitRef& ref, const Trail& trail);
  bool BringsEffects(const UnitRef& import) const;
  bool RunsMore(const UnitRef& import) const;
  PathSet BroughtAlongOtherwise(const UnitRef& import) const;
  bool ActsOnOthers(const SourceTree& tree, FileId file, const Unit& unit) const;
  bool LeavesSomething(const SourceTree& tree, FileId file, const Unit& unit, NameId name) const;
  bool KnownImport(const UnitRef& ref) const;

  WalkContext& context_;
  WalkSink& sink_;
  const bool by_statement_;
  std::vector<WalkStep> steps_;
  std::deque<Task> tasks_;
  absl::flat_hash_set<uint64_t> done_;
  size_t work_ = 0;
  bool exhausted_ = false;
  bool code_changed_ = false;           // of the file at hand: more than comments and layout
  bool came_or_went_ = false;           // ... all of it, and a compiler saw to it
  DenseLabelSet* collected_ = nullptr;  // a probe's; null: verdicts go to the sink
  bool in_hands_ = false;               // names alone are followed, not what a file does
  bool keepers_known_ = false;
  bool starters_known_ = false;
  DenseLabelSet starters_;
  std::vector<UnitRef> keepers_;
  // The file whose statements were looked at last, in both trees.
  PathId read_path_ = kNoFile;
  std::unique_ptr<StatementReader> read_before_, read_after_;
  absl::flat_hash_map<uint64_t, absl::flat_hash_set<uint64_t>> called_;
};

}  // namespace testselect
