// The grammars that are compiled in (cmake/grammars/).
#pragma once

struct TSLanguage;

extern "C" {
const TSLanguage* tree_sitter_python();
}
