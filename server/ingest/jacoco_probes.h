// JacocoClass: which lines of a class ran, as JaCoCo's probes tell.
//
// JaCoCo does not count instructions. It puts probes where control flow leaves a chain of
// instructions, numbered through the class in the order of its methods; an executed probe proves
// that all of the chain before it was executed
// (https://www.jacoco.org/jacoco/trunk/doc/flow.html). Where the probes are follows from the class
// file alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/ingest/kotlin_smap.h"
#include "server/ingest/line_bits.h"

namespace testselect {

// The number by which JaCoCo names a class file: a CRC of 64 bits of its bytes.
uint64_t JacocoClassId(absl::string_view class_file);

// Immutable, thread-safe. Memory: some ten bytes per instruction.
class JacocoClass {
 public:
  // kInvalidArgument for a broken class file.
  static absl::StatusOr<JacocoClass> Analyse(absl::string_view class_file);

  const std::string& name() const { return name_; }
  const std::string& source_path() const { return source_path_; }
  size_t probes() const { return probe_at_.size(); }
  // False where a method is not understood (subroutines, which compilers of Java 5 and before
  // wrote): then it is not known where the probes are.
  bool exact() const { return exact_; }
  // Compiled without line numbers: what ran cannot be told.
  bool has_lines() const { return has_lines_; }
  // The lines that ran, given the executed probes (bit i of byte i/8 is probe i). As JaCoCo's own
  // reports say it: what only the compiler wrote is left out. Cost: the instructions that ran.
  LineBits Lines(absl::string_view executed) const;
  // Copies of inline functions are in both under the numbers that copies() tells.
  LineBits AllLines() const;
  const KotlinSmap& copies() const { return copies_; }
  // Only the compiler wrote it (Kotlin's tables for `when`, say): what ran of it is no evidence.
  bool generated() const { return generated_; }

 private:
  friend class JacocoMethod;
  struct Instruction {
    uint32_t line = 0;      // 0: none that counts
    int32_t previous = -1;  // the instruction that must have run before
  };

  std::string name_, source_path_;
  std::vector<Instruction> instructions_;
  std::vector<int32_t> probe_at_;  // the instruction before each probe
  KotlinSmap copies_;
  bool has_lines_ = false, exact_ = true, generated_ = false;
};

}  // namespace testselect
