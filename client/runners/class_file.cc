#include "client/runners/class_file.h"

#include <cstdint>
#include <vector>

#include "absl/strings/match.h"

namespace testselect::client {
namespace {

constexpr uint32_t kMagic = 0xCAFEBABE;
constexpr int kDeepestAnnotation = 64;
// An interface, an abstract class, an annotation, an enumeration, a module.
constexpr uint32_t kNoInstances = 0x0200 | 0x0400 | 0x2000 | 0x4000 | 0x8000;

// Big-endian numbers; once the bytes end, everything is 0 and ok() false.
class Reader {
 public:
  explicit Reader(absl::string_view bytes) : left_(bytes) {}

  bool ok() const { return ok_; }
  void Fail() {
    ok_ = false;
    left_ = "";
  }
  absl::string_view Bytes(size_t count) {
    if (count > left_.size()) {
      Fail();
      return "";
    }
    const absl::string_view bytes = left_.substr(0, count);
    left_.remove_prefix(count);
    return bytes;
  }
  uint32_t Number(size_t bytes) {
    uint32_t value = 0;
    for (const char c : Bytes(bytes)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }

 private:
  absl::string_view left_;
  bool ok_ = true;
};

struct Constants {
  std::vector<absl::string_view> texts;
  std::vector<uint32_t> names;  // of classes: the number of the text

  absl::string_view Text(uint32_t number) const {
    return number < texts.size() ? texts[number] : "";
  }
  std::string Class(uint32_t number) const {
    return std::string(number < names.size() ? Text(names[number]) : "");
  }
};

// The constant pool, by number; false for a constant of an unknown kind.
bool ReadConstants(Reader& in, Constants& constants) {
  std::vector<absl::string_view>& texts = constants.texts;
  texts.resize(in.Number(2));
  constants.names.resize(texts.size());
  for (size_t i = 1; i < texts.size() && in.ok(); ++i) {
    switch (in.Number(1)) {
      case 1:  // Utf8
        texts[i] = in.Bytes(in.Number(2));
        break;
      case 5:  // Long and Double count as two
      case 6:
        in.Bytes(8);
        ++i;
        break;
      case 7:  // Class
        constants.names[i] = in.Number(2);
        break;
      case 8:   // String
      case 16:  // MethodType
      case 19:  // Module
      case 20:  // Package
        in.Bytes(2);
        break;
      case 15:  // MethodHandle
        in.Bytes(3);
        break;
      case 3:  // Integer, Float, Fieldref, Methodref, InterfaceMethodref, NameAndType, Dynamic,
      case 4:  // InvokeDynamic
      case 9:
      case 10:
      case 11:
      case 12:
      case 17:
      case 18:
        in.Bytes(4);
        break;
      default:
        return false;
    }
  }
  return in.ok();
}

bool IsOfALanguage(absl::string_view annotation) {
  for (const absl::string_view package :
       {"Ljava/", "Ljavax/", "Ljakarta/", "Lkotlin/", "Lgroovy/", "Lscala/"}) {
    if (absl::StartsWith(annotation, package)) return true;
  }
  return false;
}

void SkipElement(Reader& in, int deeper);

// Its type is all that is wanted of an annotation.
uint32_t AnnotationType(Reader& in, int deeper = kDeepestAnnotation) {
  const uint32_t type = in.Number(2);
  for (uint32_t pairs = in.Number(2); pairs > 0 && in.ok(); --pairs) {
    in.Bytes(2);
    SkipElement(in, deeper - 1);
  }
  return type;
}

void SkipElement(Reader& in, int deeper) {
  if (deeper == 0) in.Fail();
  switch (in.Number(1)) {
    case 'e':
      in.Bytes(4);
      break;
    case '@':
      AnnotationType(in, deeper);
      break;
    case '[':
      for (uint32_t values = in.Number(2); values > 0 && in.ok(); --values) {
        SkipElement(in, deeper - 1);
      }
      break;
    default:  // a constant or a class
      in.Bytes(2);
  }
}

// One attribute of a class, a field or a method.
void ReadAttribute(Reader& in, const Constants& constants, ClassFile& file) {
  const absl::string_view name = constants.Text(in.Number(2));
  Reader value(in.Bytes(in.Number(4)));
  if (name == "SourceFile") file.source = std::string(constants.Text(value.Number(2)));
  if (name != "RuntimeVisibleAnnotations") return;
  for (uint32_t count = value.Number(2); count > 0 && value.ok(); --count) {
    file.has_marks |= !IsOfALanguage(constants.Text(AnnotationType(value)));
  }
  file.has_marks |= !value.ok();  // not understood: it may be anything
}

void ReadAttributes(Reader& in, const Constants& constants, ClassFile& file) {
  for (uint32_t attributes = in.Number(2); attributes > 0 && in.ok(); --attributes) {
    ReadAttribute(in, constants, file);
  }
}

// Fields or methods.
void ReadMembers(Reader& in, const Constants& constants, ClassFile& file) {
  for (uint32_t members = in.Number(2); members > 0 && in.ok(); --members) {
    in.Bytes(2);
    file.has_marks |= constants.Text(in.Number(2)) == "suite";
    in.Bytes(2);
    ReadAttributes(in, constants, file);
  }
}

}  // namespace

std::optional<ClassFile> ReadClassFile(absl::string_view bytes) {
  Reader in(bytes);
  Constants constants;
  if (in.Number(4) != kMagic) return std::nullopt;
  in.Bytes(4);  // the version
  if (!ReadConstants(in, constants)) return std::nullopt;
  ClassFile file;
  file.can_be_made = (in.Number(2) & kNoInstances) == 0;
  in.Bytes(2);  // itself
  file.base = constants.Class(in.Number(2));
  for (uint32_t interfaces = in.Number(2); interfaces > 0 && in.ok(); --interfaces) {
    file.interfaces.push_back(constants.Class(in.Number(2)));
  }
  ClassFile of_fields;  // whose annotations make no tests
  ReadMembers(in, constants, of_fields);
  ReadMembers(in, constants, file);
  ReadAttributes(in, constants, file);
  if (!in.ok()) return std::nullopt;
  return file;
}

}  // namespace testselect::client
