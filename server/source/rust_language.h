// Rust: modules are files, names belong to the program, macros hide what they make.
#pragma once

#include "server/source/language.h"

namespace testselect {

const Language& RustLanguage();

}  // namespace testselect
