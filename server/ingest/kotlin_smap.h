// KotlinSmap: which lines of a Kotlin class are copies of inline functions, and of which lines.
//
// The compiler numbers the copies behind the last line of the class's own file and tells where they
// come from in the attribute SourceDebugExtension (JSR 45, stratum "Kotlin"). JaCoCo's reports
// leave them out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "storage/model/evidence.h"

namespace testselect {

// Immutable, thread-safe.
class KotlinSmap {
 public:
  struct Copy {
    uint32_t first = 0, last = 0;  // as the class numbers them
    LineRange source;              // the lines that were copied
    std::string class_name;        // of the class that has them, "com/example/PotKt"
    std::string source_path;       // "com/example/Pot.kt"
  };

  KotlinSmap() = default;
  // Of the class `class_name`. What is malformed or of another stratum is passed over.
  KotlinSmap(absl::string_view text, absl::string_view class_name);

  // Lines from this one on are copies; UINT32_MAX where there is none.
  uint32_t first() const { return first_; }
  const std::vector<Copy>& copies() const { return copies_; }

 private:
  uint32_t first_ = UINT32_MAX;
  std::vector<Copy> copies_;
};

}  // namespace testselect
