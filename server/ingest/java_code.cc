#include "server/ingest/java_code.h"

#include "absl/strings/str_cat.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr uint8_t kWide = 196, kIinc = 132, kRet = 169, kJsr = 168, kGotoW = 200, kJsrW = 201;

// Bytes of an instruction with its opcode; 0 for those of any size and for unknown ones.
size_t SizeOf(uint8_t opcode) {
  if (opcode == 16 || opcode == kLdc || (opcode >= 21 && opcode <= 25) ||
      (opcode >= 54 && opcode <= 58) || opcode == kRet || opcode == 188) {
    return 2;
  }
  if (opcode == 17 || opcode == 19 || opcode == 20 || opcode == kIinc ||
      (opcode >= 153 && opcode <= kJsr) || (opcode >= 178 && opcode <= 184) || opcode == 187 ||
      opcode == 189 || opcode == 192 || opcode == 193 || opcode == 198 || opcode == 199) {
    return 3;
  }
  if (opcode == 197) return 4;
  if (opcode == 185 || opcode == 186 || opcode == kGotoW || opcode == kJsrW) return 5;
  const bool of_any_size =
      opcode == kTableSwitch || opcode == kLookupSwitch || opcode == kWide || opcode > kJsrW;
  return of_any_size ? 0 : 1;
}

class Decoder {
 public:
  explicit Decoder(absl::string_view code) : code_(code), starts_(code.size(), false) {}

  absl::StatusOr<std::vector<JavaInstruction>> Decode() {
    while (at_ < code_.size()) {
      out_.emplace_back();
      TS_RETURN_IF_ERROR(DecodeOne(&out_.back()));
    }
    for (const JavaInstruction& instruction : out_) {
      for (const uint32_t target : instruction.targets) {
        if (target >= starts_.size() || !starts_[target]) {
          return Error(instruction.offset, "jumps to where no instruction is");
        }
      }
    }
    return std::move(out_);
  }

 private:
  static absl::Status Error(size_t offset, absl::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat("the instruction at ", offset, " of a method ", what));
  }

  // A signed number of the code; 0 behind its end, which DecodeOne finds out.
  int64_t Number(size_t at, size_t bytes) const {
    if (at + bytes > code_.size()) return 0;
    int64_t value = static_cast<signed char>(code_[at]);
    for (size_t i = 1; i < bytes; ++i) {
      value = value * 256 + static_cast<unsigned char>(code_[at + i]);
    }
    return value;
  }
  uint16_t Unsigned(size_t at, size_t bytes) const {
    return static_cast<uint16_t>(Number(at, bytes) & (bytes == 1 ? 0xFF : 0xFFFF));
  }
  void AddTarget(int64_t distance, JavaInstruction* out) const {
    // What would be negative is beyond every method's end.
    out->targets.push_back(static_cast<uint32_t>(static_cast<int64_t>(out->offset) + distance));
  }

  absl::Status DecodeOne(JavaInstruction* out) {
    const uint8_t opcode = static_cast<uint8_t>(code_[at_]);
    out->offset = static_cast<uint32_t>(at_);
    out->opcode = opcode;
    starts_[at_] = true;
    size_t size = SizeOf(opcode);
    if (opcode == kTableSwitch || opcode == kLookupSwitch) {
      TS_ASSIGN_OR_RETURN(size, DecodeSwitch(out));
    } else if (opcode == kWide) {
      out->opcode = static_cast<uint8_t>(Unsigned(at_ + 1, 1));
      out->operand = Unsigned(at_ + 2, 2);
      size = out->opcode == kIinc ? 6 : 4;
    } else if (opcode == kGotoW) {
      out->opcode = kGoto;
      AddTarget(Number(at_ + 1, 4), out);
    } else if ((opcode >= 153 && opcode <= kGoto) || opcode == 198 || opcode == 199) {
      AddTarget(Number(at_ + 1, 2), out);
    } else if (size == 2) {
      out->operand = Unsigned(at_ + 1, 1);
    } else if (size >= 3) {
      out->operand = Unsigned(at_ + 1, 2);
    } else {
      ExpandShortForm(out);
    }
    if (out->opcode == kRet || opcode == kJsr || opcode == kJsrW) {
      return Error(at_, "is a subroutine's, which are not supported");
    }
    if (size == 0 || at_ + size > code_.size()) return Error(at_, "is unknown or cut off");
    at_ += size;
    return absl::OkStatus();
  }

  // iload_0 to aload_3, istore_0 to astore_3: four for each type.
  static void ExpandShortForm(JavaInstruction* out) {
    constexpr uint8_t kIload0 = 26, kIstore0 = 59, kIstore = 54, kShortForms = 20;
    for (const auto& [first, plain] :
         {std::pair(kIload0, uint8_t{kIload}), std::pair(kIstore0, kIstore)}) {
      if (out->opcode < first || out->opcode >= first + kShortForms) continue;
      out->operand = static_cast<uint16_t>((out->opcode - first) % 4);
      out->opcode = static_cast<uint8_t>(plain + (out->opcode - first) / 4);
      return;
    }
  }

  // The size of the switch.
  absl::StatusOr<size_t> DecodeSwitch(JavaInstruction* out) {
    const size_t first = at_ + 4 - at_ % 4;
    const bool table = out->opcode == kTableSwitch;
    const int64_t low = table ? Number(first + 4, 4) : 1;
    const int64_t high = Number(first + (table ? 8 : 4), 4);
    const int64_t cases = high - low + 1;
    const size_t entries = first + (table ? 12 : 8), width = table ? 4 : 8;
    if (entries > code_.size() || cases < 0 ||
        static_cast<uint64_t>(cases) > (code_.size() - entries) / width) {
      return Error(at_, "is a switch that is cut off");
    }
    AddTarget(Number(first, 4), out);
    for (size_t i = 0; i < static_cast<size_t>(cases); ++i) {
      AddTarget(Number(entries + i * width + (width - 4), 4), out);
    }
    return entries + static_cast<size_t>(cases) * width - at_;
  }

  const absl::string_view code_;
  size_t at_ = 0;
  std::vector<bool> starts_;
  std::vector<JavaInstruction> out_;
};

}  // namespace

absl::StatusOr<std::vector<JavaInstruction>> DecodeJavaCode(absl::string_view code) {
  return Decoder(code).Decode();
}

}  // namespace testselect
