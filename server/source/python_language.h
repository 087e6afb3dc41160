// The language layer for Python.
#pragma once

#include "server/source/language.h"

namespace testselect {

const Language& PythonLanguage();

}  // namespace testselect
