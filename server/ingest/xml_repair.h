// XmlRepair: lets an XML parser read what some writers produce though XML forbids it.
//
// jest-junit, JaCoCo and others write control characters (colours of a terminal, a test's name) as
// they are, or as references such as "&#27;"; writers in Java write a character beyond U+FFFF as
// the references of two surrogates. Neither is well-formed, and both stand in names of tests. A
// control character U+00xx is handed to the parser as the noncharacter U+FDD0 + xx, which XML
// allows and no text contains, and Restore makes it what it was. NUL stays what it is, because no
// name can hold it, and so do bytes that are not of the encoding.
#pragma once

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace testselect {

// For encodings that contain ASCII, fed from the first byte. Not thread-safe. Memory: a reference.
class XmlRepair {
 public:
  // Takes a piece of text; false stops the feeding.
  using Emit = absl::FunctionRef<bool(absl::string_view)>;

  // Hands `piece` on, repaired; its last few bytes perhaps with the next one. False if `emit` was.
  bool Feed(absl::string_view piece, Emit emit);
  // Hands on what was held back.
  bool Finish(Emit emit);

  // Whether anything was repaired so far: else there is nothing to restore.
  bool repaired() const { return repaired_; }
  // What the parser delivers -> what the report says.
  static std::string Restore(absl::string_view text);

 private:
  // A place that begins with a byte of interest: how many bytes are replaced, and by what. 0 bytes:
  // the text is too short to tell.
  struct Step {
    size_t size = 1;
    std::string replacement{};
    bool replaced = false;
  };
  Step At(absl::string_view text, bool is_last);
  Step AtReference(absl::string_view text, bool is_last) const;
  bool Run(absl::string_view text, bool is_last, Emit emit);

  std::string held_;
  bool in_cdata_ = false, repaired_ = false;
};

}  // namespace testselect
