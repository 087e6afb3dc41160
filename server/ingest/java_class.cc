#include "server/ingest/java_class.h"

#include "absl/strings/str_cat.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr uint32_t kMagic = 0xCAFEBABE;

enum Tag : uint8_t {
  kUtf8 = 1,
  kLong = 5,
  kDouble = 6,
  kClass = 7,
  kField = 9,
  kMethod = 10,
  kInterfaceMethod = 11,
  kNameAndType = 12,
  kMethodHandle = 15,
  kInvokeDynamic = 18,
};

// Big-endian numbers; once the bytes end, everything is 0 and ok() false.
class Bytes {
 public:
  Bytes(absl::string_view bytes, const char* first) : left_(bytes), first_(first) {}

  bool ok() const { return ok_; }
  size_t size() const { return left_.size(); }
  size_t at() const { return static_cast<size_t>(left_.data() - first_); }
  absl::string_view Take(size_t count) {
    if (count > left_.size()) {
      ok_ = false;
      left_.remove_prefix(left_.size());
      return left_;
    }
    const absl::string_view bytes = left_.substr(0, count);
    left_.remove_prefix(count);
    return bytes;
  }
  uint32_t Number(size_t bytes) {
    uint32_t value = 0;
    for (const char c : Take(bytes)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  uint8_t U1() { return static_cast<uint8_t>(Number(1)); }
  uint16_t U2() { return static_cast<uint16_t>(Number(2)); }
  uint32_t U4() { return Number(4); }
  Bytes Part(size_t count) { return Bytes(Take(count), first_); }

 private:
  absl::string_view left_;
  const char* const first_;
  bool ok_ = true;
};

// The size of a constant after its tag; 0 for texts and unknown tags.
size_t ConstantBytes(uint8_t tag) {
  switch (tag) {
    case 3:  // Integer
    case 4:  // Float
    case kField:
    case kMethod:
    case kInterfaceMethod:
    case kNameAndType:
    case 17:  // Dynamic
    case kInvokeDynamic:
      return 4;
    case kLong:
    case kDouble:
      return 8;
    case kClass:
    case 8:   // String
    case 16:  // MethodType
    case 19:  // Module
    case 20:  // Package
      return 2;
    case kMethodHandle:
      return 3;
    default:
      return 0;
  }
}

// The code of a character of up to three bytes at `*at`, which is moved past it.
absl::StatusOr<uint32_t> NextUnit(absl::string_view bytes, size_t* at) {
  const auto byte = [&](size_t i) {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u;
  };
  const uint32_t a = byte(*at), b = byte(*at + 1), c = byte(*at + 2);
  if (a != 0 && a < 0x80) {
    *at += 1;
    return a;
  }
  if ((a & 0xE0) == 0xC0 && (b & 0xC0) == 0x80) {
    *at += 2;
    return (a & 0x1F) << 6 | (b & 0x3F);
  }
  if ((a & 0xF0) == 0xE0 && (b & 0xC0) == 0x80 && (c & 0xC0) == 0x80) {
    *at += 3;
    return (a & 0x0F) << 12 | (b & 0x3F) << 6 | (c & 0x3F);
  }
  return absl::InvalidArgumentError("a name is not in Java's modified UTF-8");
}

void AppendUtf8(uint32_t code, std::string* out) {
  const auto put = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

bool IsHigh(uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool IsLow(uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

}  // namespace

absl::StatusOr<std::string> DecodeModifiedUtf8(absl::string_view bytes) {
  std::string out;
  for (size_t at = 0; at < bytes.size();) {
    TS_ASSIGN_OR_RETURN(uint32_t unit, NextUnit(bytes, &at));
    if (IsHigh(unit)) {
      uint32_t low = 0;
      if (at < bytes.size()) {
        TS_ASSIGN_OR_RETURN(low, NextUnit(bytes, &at));
      }
      if (!IsLow(low)) return absl::InvalidArgumentError("a name holds half a surrogate pair");
      unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    } else if (IsLow(unit)) {
      return absl::InvalidArgumentError("a name holds half a surrogate pair");
    }
    AppendUtf8(unit, &out);
  }
  return out;
}

// Fills a JavaClass.
class JavaClassReader {
 public:
  explicit JavaClassReader(absl::string_view bytes) : in_(bytes, bytes.data()) {}

  absl::StatusOr<JavaClass> Read() {
    if (in_.U4() != kMagic) return Broken("is no class file");
    in_.Take(4);  // the version
    if (!ReadConstants()) return Broken("has a constant of an unknown kind");
    class_.access_ = in_.U2();
    TS_ASSIGN_OR_RETURN(class_.name_, DecodeModifiedUtf8(class_.ClassName(in_.U2())));
    class_.super_name_ = class_.ClassName(in_.U2());
    in_.Take(size_t{2} * in_.U2());  // interfaces
    for (uint32_t fields = in_.U2(); fields > 0 && in_.ok(); --fields) {
      in_.Take(6);
      ForEachAttribute(in_, [](absl::string_view, Bytes) {});
    }
    for (uint32_t methods = in_.U2(); methods > 0 && in_.ok(); --methods) ReadMethod();
    absl::string_view source;
    ForEachAttribute(in_, [&](absl::string_view name, Bytes value) {
      if (name == "SourceFile") source = class_.Text(value.U2());
      if (name == "BootstrapMethods") ReadBootstraps(value);
      if (name == "SourceDebugExtension") class_.debug_extension_ = value.Take(value.size());
      class_.generated_ |= IsGenerated(name, value);
    });
    if (!in_.ok() || class_.name_.empty()) return Broken("is cut off");
    TS_ASSIGN_OR_RETURN(class_.source_, DecodeModifiedUtf8(source));
    return std::move(class_);
  }

 private:
  absl::Status Broken(absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat("byte ", in_.at(), ": the class file ", what));
  }

  bool ReadConstants() {
    class_.constants_.resize(in_.U2());
    for (size_t i = 1; i < class_.constants_.size() && in_.ok(); ++i) {
      JavaClass::Constant& constant = class_.constants_[i];
      constant.tag = in_.U1();
      if (constant.tag == kUtf8) {
        constant.text = in_.Take(in_.U2());
        class_.kotlin_ |= constant.text == "Lkotlin/Metadata;";
        continue;
      }
      const size_t size = ConstantBytes(constant.tag);
      if (size == 0) return false;
      Bytes value = in_.Part(size);
      if (constant.tag == kMethodHandle) value.Take(1);
      constant.a = value.U2();
      if (size == 4) constant.b = value.U2();
      if (size == 8) ++i;  // counts as two
    }
    return true;
  }

  template <typename F>
  void ForEachAttribute(Bytes& in, F take) {
    for (uint32_t attributes = in.U2(); attributes > 0 && in.ok(); --attributes) {
      const absl::string_view name = class_.Text(in.U2());
      const uint32_t size = in.U4();
      take(name, in.Part(size));
    }
  }

  // Annotations that say: the compiler made this, no source has it. Those that people write
  // themselves to leave code out of a report do not count, because that code can change.
  bool IsGenerated(absl::string_view attribute, Bytes value) const {
    if (attribute != "RuntimeVisibleAnnotations" && attribute != "RuntimeInvisibleAnnotations") {
      return false;
    }
    // Only such without values can be told without reading values: both are markers.
    for (uint32_t count = value.U2(); count > 0 && value.ok(); --count) {
      const absl::string_view type = class_.Text(value.U2());
      if (type == "Llombok/Generated;" || type == "Lgroovy/transform/Generated;") return true;
      if (value.U2() != 0) return false;
    }
    return false;
  }

  void ReadMethod() {
    JavaMethod& method = class_.methods_.emplace_back();
    method.access = in_.U2();
    method.name = class_.Text(in_.U2());
    method.descriptor = class_.Text(in_.U2());
    ForEachAttribute(in_, [&](absl::string_view name, Bytes value) {
      if (name == "Code") ReadCode(value, &method);
      method.generated |= IsGenerated(name, value);
    });
  }

  void ReadCode(Bytes in, JavaMethod* method) {
    in.Take(4);  // stack and locals
    const uint32_t size = in.U4();
    method->code = in.Take(size);
    for (uint32_t handlers = in.U2(); handlers > 0 && in.ok(); --handlers) {
      JavaHandler handler;
      handler.start = in.U2();
      handler.end = in.U2();
      handler.handler = in.U2();
      handler.type = class_.ClassName(in.U2());
      method->handlers.push_back(handler);
    }
    ForEachAttribute(in, [&](absl::string_view name, Bytes value) {
      if (name == "LineNumberTable") {
        for (uint32_t lines = value.U2(); lines > 0 && value.ok(); --lines) {
          const uint32_t offset = value.U2();
          method->lines.push_back({offset, value.U2()});
        }
      } else if (name == "LocalVariableTable" || name == "LocalVariableTypeTable") {
        for (uint32_t variables = value.U2(); variables > 0 && value.ok(); --variables) {
          const uint32_t start = value.U2();
          method->variable_edges.push_back(start);
          method->variable_edges.push_back(start + value.U2());
          value.Take(6);
        }
      }
    });
  }

  void ReadBootstraps(Bytes in) {
    for (uint32_t count = in.U2(); count > 0 && in.ok(); --count) {
      class_.bootstraps_.push_back(in.U2());
      in.Take(size_t{2} * in.U2());
    }
  }

  Bytes in_;
  JavaClass class_;
};

absl::StatusOr<JavaClass> JavaClass::Parse(absl::string_view bytes) {
  return JavaClassReader(bytes).Read();
}

const JavaClass::Constant& JavaClass::At(uint16_t index, uint8_t tag) const {
  static const Constant* const none = new Constant;
  return index < constants_.size() && constants_[index].tag == tag ? constants_[index] : *none;
}

absl::string_view JavaClass::Text(uint16_t index) const { return At(index, kUtf8).text; }

absl::string_view JavaClass::ClassName(uint16_t index) const { return Text(At(index, kClass).a); }

JavaMember JavaClass::NameAndType(uint16_t index) const {
  const Constant& both = At(index, kNameAndType);
  return {"", Text(both.a), Text(both.b)};
}

JavaMember JavaClass::Member(uint16_t index) const {
  for (const uint8_t tag : {kMethod, kInterfaceMethod, kField}) {
    const Constant& reference = At(index, tag);
    if (reference.tag != tag) continue;
    JavaMember member = NameAndType(reference.b);
    member.owner = ClassName(reference.a);
    return member;
  }
  return {};
}

JavaMember JavaClass::CallSite(uint16_t index) const {
  const Constant& site = At(index, kInvokeDynamic);
  if (site.tag != kInvokeDynamic) return {};
  JavaMember member = NameAndType(site.b);
  if (site.a < bootstraps_.size()) {
    member.owner = Member(At(bootstraps_[site.a], kMethodHandle).a).owner;
  }
  return member;
}

std::string JavaClass::SourcePath() const {
  const size_t slash = name_.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : name_.substr(0, slash + 1);
  if (!source_.empty()) return absl::StrCat(folder, source_);
  const std::string own = name_.substr(folder.size());
  return absl::StrCat(folder, own.substr(0, own.find('$', 1)), ".java");
}

}  // namespace testselect
