// Units: what a source file is cut into (design: "Units and names").
//
// A change of a file is a set of units that changed, came or went; what that means for tests is
// said by a unit's kind, by the names it binds and by the names it uses, in every language alike.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "server/source/name_table.h"
#include "storage/model/digest.h"
#include "storage/model/evidence.h"

namespace testselect {

// Persisted in the cache of cut modules: a change needs a new kModuleFormat (module_codec.h).
enum class UnitKind : uint8_t {
  kImport = 1,      // brings a name of another file
  kStatement = 2,   // a constant, a data member, a bare statement
  kCondition = 3,   // decides what else there is (if, #if, a build tag, a package clause)
  kClass = 4,       // a class without its methods
  kHeader = 5,      // a function's name, decorators and, in typed languages, types
  kSignature = 6,   // a function's parameters
  kAnnotation = 7,  // types that the running program hardly ever looks at
  kDocstring = 8,
  kBody = 9,  // what runs when the function is called: the only kind that coverage explains
};

// Bits of Unit::flags. Persisted like UnitKind.
enum UnitFlag : uint16_t {
  kFixture = 1 << 0,       // the runner calls it for those who name it as a parameter
  kEverywhere = 1 << 1,    // applies without being named (an autouse fixture, Go's init)
  kWide = 1 << 2,          // runs once for several tests
  kEffects = 1 << 3,       // does more than bind names
  kMemo = 1 << 4,          // keeps results from one call to the next
  kIntrospected = 1 << 5,  // something may have read its signature or docstring
  kBroken = 1 << 6,        // holds a syntax error
};

// A slice of SourceModule::pool.
struct NameSlice {
  uint32_t begin = 0;
  uint32_t size = 0;
};

// An import as it is written. What the fields mean is the language layer's affair, which alone
// resolves it. By custom: `level` counts leading dots or tells forms of one syntax apart, `name` is
// what is taken out of the module: kNoName for the module as a whole, "*" for all of it.
struct ImportSource {
  uint32_t level = 0;
  NameId module = kNoName;
  NameId name = kNoName;
  friend bool operator==(const ImportSource&, const ImportSource&) = default;
};

struct Unit {
  UnitKind kind = UnitKind::kStatement;
  uint16_t flags = 0;
  bool has_source = false;
  NameId key = kNoName;  // qualified name, or what stands for one; with the kind unique in its file
  NameId name = kNoName;   // the last part of the key
  NameId owner = kNoName;  // qualified name of the enclosing class
  LineRange lines;         // where it stands
  Digest fingerprint;      // of its tokens, without comments and layout
  ImportSource source;     // with has_source
  // Sorted by number, without repeats.
  NameSlice binds;       // names that are another thing if this unit is
  NameSlice free;        // names it uses that are not its own locals
  NameSlice members;     // attribute names it uses, and the words of its short strings
  NameSlice parameters;  // of a body; of a header or class: what its decorators begin with
  NameSlice fragments;   // beginnings or ends of names that it puts together; the empty name: any

  bool Has(UnitFlag flag) const { return (flags & flag) != 0; }
};

// A class by its qualified name, and whether nothing looks at its data members but who names them.
struct ClassShape {
  NameId key = kNoName;
  bool plain = false;  // no decorator, keyword or base
};

// One file, cut. A value; immutable once built (module_builder.h).
struct SourceModule {
  std::vector<Unit> units;
  std::vector<NameId> pool;
  std::vector<ImportSource> imports;  // all of the file, nested ones included; no repeats
  std::vector<ClassShape> classes;
  NameId package = kNoName;  // where the language has one written down
  bool parsed = true;        // false: nothing is known but the bytes

  absl::Span<const NameId> Names(NameSlice s) const {
    return absl::MakeConstSpan(pool.data() + s.begin, s.size);
  }
  bool Contains(NameSlice s, NameId name) const;
  bool IsPlain(NameId class_key) const;  // true for a class it does not know
  size_t memory_bytes() const;
};

}  // namespace testselect
