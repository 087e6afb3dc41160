// Go: packages are folders, and `go test` builds each of them alone.
#pragma once

#include "server/source/language.h"

namespace testselect {

const Language& GoLanguage();

}  // namespace testselect
