// ParseMemory: where tree-sitter's memory comes from while a file is parsed.
//
// A parse takes and gives back some thousand small pieces; all are of one thread, and none outlives
// it. They are cut from blocks that the thread keeps for its next file.
#pragma once

#include <cstddef>

namespace testselect {

// While it lives, all that tree-sitter allocates on this thread is of these blocks; its end takes
// everything back, given back or not. So what is made under it must not be used after it, and what
// was made before it must not grow or be freed under it. One at a time on a thread. A thread keeps
// kKeptBytes at most from one to the next. Under AddressSanitizer tree-sitter's memory stays
// malloc's, whose errors it finds, and `takes_all` is false: then each thing must be deleted.
class ParseMemory {
 public:
  static constexpr size_t kKeptBytes = 1u << 20;

  ParseMemory();
  ~ParseMemory();
  ParseMemory(const ParseMemory&) = delete;
  ParseMemory& operator=(const ParseMemory&) = delete;

  static bool takes_all();
};

}  // namespace testselect
