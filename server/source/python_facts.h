// What Python's statements bind, and what its decorators say. For the cutter.
#pragma once

#include <vector>

#include "absl/strings/string_view.h"
#include "server/source/module_builder.h"
#include "server/source/python_syntax.h"
#include "server/source/syntax_tree.h"
#include "server/source/token_digest.h"

namespace testselect {

// Functions that the runner calls once for a module or a class.
bool IsWideSetup(absl::string_view name);

// The assignment that a statement is, or null.
Node AssignmentOf(Node statement);
// The last value of `a = b = value`.
Node ValueOf(Node assignment);
// Names that a statement binds or reaches into.
NameSet BoundBy(Node statement);
bool ForTypeCheckersOnly(Node test);
// __name__ == "__main__"
bool IsMainTest(Node test);
// Whether to evaluate a condition does nothing but tell its value.
bool OnlyAsks(Node test);
// Makes what decides whether the units of `owner` from number `mark` on are there a part of them:
// `how`, and the names that it uses. Those of a class are there with the class.
void DecideUnits(ModuleBuilder* builder, size_t mark, absl::string_view owner,
                 absl::string_view how, const PyUses& uses);
// Whether there is any.
bool DecidesUnits(ModuleBuilder& builder, size_t mark, absl::string_view owner);

// What a function's decorators say.
struct PyDecoration {
  PyUses uses;
  TokenDigest digest;
  NameSet bases;
  bool fixture = false, everywhere = false, scoped = false, memo = false, introspected = false,
       overload = false;
};

// The decorators of a decorated definition; none for anything else.
std::vector<Node> DecoratorsOf(Node whole);
// Adds the name that a decorator begins with: `app` of @app.route("/").
void AddDecoratorBase(Node decorator, NameSet* out);
PyDecoration DecorationOf(Node whole);

// Whether a function leaves something in the module's variables (`shared_state`) for the next call.
bool WritesSharedState(Node body, const NameSet& parameters, const NameSet& shared_state);

}  // namespace testselect
