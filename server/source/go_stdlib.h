// The packages of Go's standard library (go list std, 1.26): the compiler looks there first, so no
// module of the tree can be meant by one of these paths.
#pragma once

#include "absl/strings/string_view.h"

namespace testselect {

bool IsGoStandardPackage(absl::string_view path);
// What the package is called by those who import it: "rand" for "math/rand/v2".
absl::string_view NameOfGoStandardPackage(absl::string_view path);
// Whether calls of the package are made for the values that they return: nothing registers with it,
// as with flag.String.
bool MakesOnlyValues(absl::string_view path);
// Whether an interface of the standard library that others can implement asks for this method.
bool IsMethodOfGoStandardInterface(absl::string_view name);
// Whether `name` is a function, or the conversion to a type, of the language itself.
bool IsGoBuiltIn(absl::string_view name);

}  // namespace testselect
