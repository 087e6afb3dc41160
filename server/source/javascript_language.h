// JavaScript and TypeScript: two languages of one family, whose files import each other.
#pragma once

#include "server/source/language.h"

namespace testselect {

const Language& JavaScriptLanguage();
const Language& TypeScriptLanguage();

}  // namespace testselect
