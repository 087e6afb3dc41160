// JavaClass: what a compiled Java class says of its methods, their code and their lines.
//
// JVM specification, §4. A view of the class file's bytes, which must outlive it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace testselect {

// Java's modified UTF-8: U+0000 in two bytes, characters beyond U+FFFF as two surrogates of three
// bytes each. kInvalidArgument where it is malformed, or names half a pair.
absl::StatusOr<std::string> DecodeModifiedUtf8(absl::string_view bytes);

struct JavaHandler {
  uint32_t start = 0, end = 0, handler = 0;  // offsets in the code
  absl::string_view type;                    // "" catches everything
};

struct JavaLine {
  uint32_t offset = 0, line = 0;
};

struct JavaMember {
  absl::string_view owner, name, descriptor;
};

struct JavaMethod {
  uint16_t access = 0;
  absl::string_view name, descriptor;
  bool generated = false;  // Lombok's or Groovy's annotation says that no source has it
  absl::string_view code;  // empty: abstract or native
  std::vector<JavaHandler> handlers;
  std::vector<JavaLine> lines;           // in the order of the class file
  std::vector<uint32_t> variable_edges;  // where the scopes of local variables begin and end
};

class JavaClass {
 public:
  static constexpr uint16_t kPrivate = 0x0002, kBridge = 0x0040, kSynthetic = 0x1000,
                            kModule = 0x8000;

  // kInvalidArgument for what is no class file or a broken one, naming the byte.
  static absl::StatusOr<JavaClass> Parse(absl::string_view bytes);

  uint16_t access() const { return access_; }
  const std::string& name() const { return name_; }  // "com/example/Pot$Lid"
  absl::string_view super_name() const { return super_name_; }
  // "com/example/Pot.java": the package's folder and the source's name; guessed from the class's
  // where the compiler left that out.
  std::string SourcePath() const;
  bool generated() const { return generated_; }
  bool has_source() const { return !source_.empty(); }  // the compiler named it
  bool kotlin() const { return kotlin_; }               // compiled by Kotlin's compiler
  // The attribute SourceDebugExtension; "" where there is none.
  absl::string_view debug_extension() const { return debug_extension_; }
  const std::vector<JavaMethod>& methods() const { return methods_; }
  // What a Fieldref, Methodref or InterfaceMethodref names; empty where `index` is none.
  JavaMember Member(uint16_t index) const;
  // The name of an invokedynamic call site, and the class of its bootstrap method.
  JavaMember CallSite(uint16_t index) const;

 private:
  friend class JavaClassReader;
  struct Constant {
    uint8_t tag = 0;
    uint16_t a = 0, b = 0;
    absl::string_view text;
  };

  JavaClass() = default;
  const Constant& At(uint16_t index, uint8_t tag) const;
  absl::string_view Text(uint16_t index) const;
  absl::string_view ClassName(uint16_t index) const;
  JavaMember NameAndType(uint16_t index) const;

  std::vector<Constant> constants_;
  std::vector<uint16_t> bootstraps_;  // method handles
  uint16_t access_ = 0;
  std::string name_, source_;
  absl::string_view super_name_;
  absl::string_view debug_extension_;
  bool generated_ = false, kotlin_ = false;
  std::vector<JavaMethod> methods_;
};

}  // namespace testselect
