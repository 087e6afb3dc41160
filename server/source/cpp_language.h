// C and C++: one language, whose files include each other and whose names belong to the program.
#pragma once

#include "server/source/language.h"

namespace testselect {

const Language& CppLanguage();

}  // namespace testselect
