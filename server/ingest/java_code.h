// The instructions of a Java method, as far as control flow and a few patterns need them.
//
// JVM specification, §6.5.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace testselect {

// Opcodes by which patterns are told. The short forms (aload_0) and wide ones are told as the
// plain ones.
enum JavaOpcode : uint8_t {
  kIconst0 = 3,
  kIconst1 = 4,
  kLdc = 18,
  kIload = 21,
  kAload = 25,
  kAstore = 58,
  kIfne = 154,
  kGoto = 167,
  kTableSwitch = 170,
  kLookupSwitch = 171,
  kIreturn = 172,
  kReturn = 177,
  kPutStatic = 179,
  kGetField = 180,
  kInvokeVirtual = 182,
  kInvokeSpecial = 183,
  kInvokeInterface = 185,
  kInvokeDynamic = 186,
  kAthrow = 191,
  kMonitorExit = 195,
  kIfNull = 198,
};

struct JavaInstruction {
  uint32_t offset = 0;
  uint8_t opcode = 0;
  uint16_t operand = 0;  // a local variable's number, or a constant's
  // Offsets of jumps. Of a switch: the default first, then the cases.
  std::vector<uint32_t> targets;

  bool IsSwitch() const { return opcode == kTableSwitch || opcode == kLookupSwitch; }
  bool IsJump() const { return !targets.empty() && !IsSwitch(); }
  // Leaves the method.
  bool IsExit() const { return (opcode >= kIreturn && opcode <= kReturn) || opcode == kAthrow; }
  bool IsCall() const { return opcode >= kInvokeVirtual && opcode <= kInvokeDynamic; }
};

// kInvalidArgument for broken code, jumps that leave it, and subroutines (jsr, ret), naming the
// offset.
absl::StatusOr<std::vector<JavaInstruction>> DecodeJavaCode(absl::string_view code);

}  // namespace testselect
