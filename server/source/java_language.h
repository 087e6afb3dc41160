// Java: names belong to packages, and a class to the file that is called like it.
#pragma once

#include "server/source/language.h"

namespace testselect {

const Language& JavaLanguage();

}  // namespace testselect
