#include "client/runners/class_file.h"

#include <cstdint>
#include <vector>

namespace testselect::client {
namespace {

constexpr uint32_t kMagic = 0xCAFEBABE;
// An interface, an abstract class, an annotation, an enumeration, a module.
constexpr uint32_t kNoInstances = 0x0200 | 0x0400 | 0x2000 | 0x4000 | 0x8000;

// Big-endian numbers; once the bytes end, everything is 0 and ok() false.
class Reader {
 public:
  explicit Reader(absl::string_view bytes) : left_(bytes) {}

  bool ok() const { return ok_; }
  absl::string_view Bytes(size_t count) {
    if (count > left_.size()) {
      ok_ = false;
      left_ = "";
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

// The texts of the constant pool, by number; false for a constant of an unknown kind.
bool ReadConstants(Reader& in, std::vector<absl::string_view>& texts) {
  texts.resize(in.Number(2));
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
      case 7:   // Class
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

void SkipMembers(Reader& in) {
  for (uint32_t members = in.Number(2); members > 0 && in.ok(); --members) {
    in.Bytes(6);
    for (uint32_t attributes = in.Number(2); attributes > 0 && in.ok(); --attributes) {
      in.Bytes(2);
      in.Bytes(in.Number(4));
    }
  }
}

}  // namespace

std::optional<ClassFile> ReadClassFile(absl::string_view bytes) {
  Reader in(bytes);
  std::vector<absl::string_view> texts;
  if (in.Number(4) != kMagic) return std::nullopt;
  in.Bytes(4);  // the version
  if (!ReadConstants(in, texts)) return std::nullopt;
  ClassFile file;
  file.can_be_made = (in.Number(2) & kNoInstances) == 0;
  in.Bytes(4);                         // itself and its base
  in.Bytes(size_t{2} * in.Number(2));  // interfaces
  SkipMembers(in);
  SkipMembers(in);
  for (uint32_t attributes = in.Number(2); attributes > 0 && in.ok(); --attributes) {
    const uint32_t name = in.Number(2);
    Reader value(in.Bytes(in.Number(4)));
    if (name >= texts.size() || texts[name] != "SourceFile") continue;
    const uint32_t source = value.Number(2);
    if (source < texts.size()) file.source = std::string(texts[source]);
  }
  if (!in.ok()) return std::nullopt;
  return file;
}

}  // namespace testselect::client
