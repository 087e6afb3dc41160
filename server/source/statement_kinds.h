// What statements are in the grammars that are compiled in.
#pragma once

#include "server/source/statements.h"

namespace testselect {

const StatementKinds& PythonStatements();
const StatementKinds& GoStatements();
const StatementKinds& CppStatements();
const StatementKinds& JavaScriptStatements();
const StatementKinds& JavaStatements();
const StatementKinds& RustStatements();
const StatementKinds& RubyStatements();

}  // namespace testselect
