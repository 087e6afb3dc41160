// What JavaScript's tools call files: URLs.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace testselect {

// The path of a file: URL ("file:///a%20b.js?t=1" -> "/a b.js"), an absolute path itself; "" for
// what is no file (node:fs, evalmachine.<anonymous>).
std::string PathOfScript(absl::string_view url);

// The path of a source that the source map of `script` names, below the map's `root`; relative ones
// lie beside the script. webpack's names are relative to the project's top. "" for what is no file.
std::string PathOfSource(absl::string_view source, absl::string_view root,
                         absl::string_view script);

}  // namespace testselect
