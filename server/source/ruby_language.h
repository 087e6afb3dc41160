// Ruby: classes are open, names are found when they are used, and files bring each other along by
// `require` or by the name of a constant.
#pragma once

#include "server/source/language.h"

namespace testselect {

const Language& RubyLanguage();

}  // namespace testselect
