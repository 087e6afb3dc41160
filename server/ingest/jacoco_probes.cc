#include "server/ingest/jacoco_probes.h"

#include <array>
#include <utility>

#include "server/ingest/jacoco_filter.h"
#include "server/ingest/java_class.h"
#include "server/ingest/java_code.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr std::array<uint64_t, 256> CrcTable() {
  std::array<uint64_t, 256> table{};
  for (uint64_t i = 0; i < table.size(); ++i) {
    uint64_t value = i;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value >> 1) ^ ((value & 1) != 0 ? 0xD800000000000000u : 0);
    }
    table[i] = value;
  }
  return table;
}

}  // namespace

uint64_t JacocoClassId(absl::string_view class_file) {
  static constexpr std::array<uint64_t, 256> kTable = CrcTable();
  constexpr size_t kVersion = 7;  // the byte that tells Java 8 (52) from Java 9 (53)
  uint64_t sum = 0;
  const bool java9 =
      class_file.size() > kVersion && class_file[kVersion - 1] == 0 && class_file[kVersion] == 53;
  for (size_t i = 0; i < class_file.size(); ++i) {
    // JaCoCo takes Java 9's class files for Java 8's.
    const char byte = java9 && i == kVersion ? char{52} : class_file[i];
    sum = (sum >> 8) ^ kTable[(sum ^ static_cast<unsigned char>(byte)) & 0xFF];
  }
  return sum;
}

// Finds the probes of one method, and adds its instructions to the class.
class JacocoMethod {
 public:
  JacocoMethod(const JavaMethod& method, absl::Span<const JavaInstruction> code, JacocoClass* out)
      : method_(method), code_(code), out_(out), labels_(method.code.size() + 1) {}

  void Run(const std::vector<bool>& left_out) {
    PlaceLabels();
    MarkControlFlow();
    const size_t first = out_->instructions_.size();
    AddInstructions();
    for (const auto& [source, target] : jumps_) {
      const int32_t instruction = labels_[target].instruction;
      if (instruction >= 0) out_->instructions_[static_cast<size_t>(instruction)].previous = source;
    }
    for (size_t i = 0; i < left_out.size(); ++i) {
      if (left_out[i]) out_->instructions_[first + i].line = 0;
    }
  }

 private:
  // A place in the code that something refers to.
  struct Label {
    bool exists = false;
    bool target = false, multi_target = false, successor = false, calls_in_line = false;
    int64_t line = -1;  // the line that begins here
    int32_t probe = -1;
    int32_t instruction = -1;
  };

  void Place(uint32_t offset) {
    if (offset < labels_.size()) labels_[offset].exists = true;
  }

  void PlaceLabels() {
    for (const JavaHandler& h : method_.handlers) {
      for (const uint32_t offset : {h.start, h.end, h.handler}) Place(offset);
    }
    for (const JavaLine& line : method_.lines) {
      Place(line.offset);
      if (line.offset < labels_.size()) labels_[line.offset].line = line.line;
      out_->has_lines_ |= line.line != 0;
    }
    for (const uint32_t offset : method_.variable_edges) Place(offset);
    for (const JavaInstruction& instruction : code_) {
      for (const uint32_t target : instruction.targets) Place(target);
    }
  }

  void SetTarget(uint32_t offset) {
    if (offset >= labels_.size()) return;
    Label& label = labels_[offset];
    if (label.target || label.successor) {
      label.multi_target = true;
    } else {
      label.target = true;
    }
  }

  // Which places several paths lead to, and which lines call something.
  void MarkControlFlow() {
    for (const JavaHandler& h : method_.handlers) {
      SetTarget(h.start);
      SetTarget(h.handler);
    }
    bool successor = false, first = true;
    Label* line_start = nullptr;
    for (const JavaInstruction& instruction : code_) {
      Label& label = labels_[instruction.offset];
      if (label.exists && first) SetTarget(instruction.offset);
      if (label.exists && successor) {
        label.successor = true;
        label.multi_target |= label.target;
      }
      if (label.line > 0) line_start = &label;
      if (instruction.IsCall() && line_start != nullptr) line_start->calls_in_line = true;
      for (size_t i = 0; i < instruction.targets.size(); ++i) {
        if (IsFirst(instruction, i)) SetTarget(instruction.targets[i]);
      }
      successor = !instruction.IsExit() && !instruction.IsSwitch() && instruction.opcode != kGoto;
      first = false;
    }
  }

  // Whether no target before `i` is the same. A switch has few distinct ones, so that they are
  // marked rather than compared.
  bool IsFirst(const JavaInstruction& instruction, size_t i) {
    if (!instruction.IsSwitch()) return true;
    if (i == 0) seen_.assign(labels_.size(), false);
    const uint32_t target = instruction.targets[i];
    if (seen_[target]) return false;
    seen_[target] = true;
    return true;
  }

  void AddProbe(int32_t instruction) { out_->probe_at_.push_back(instruction); }

  void AddInstructions() {
    uint32_t line = 0;
    int32_t current = -1;
    for (const JavaInstruction& instruction : code_) {
      Label& label = labels_[instruction.offset];
      if (label.exists) {
        if (label.successor && (label.multi_target || label.calls_in_line)) {
          AddProbe(current);
          current = -1;
        }
        if (!label.successor) current = -1;
        if (label.line >= 0) line = static_cast<uint32_t>(label.line);
      }
      const auto added = static_cast<int32_t>(out_->instructions_.size());
      out_->instructions_.push_back({line, current});
      label.instruction = added;
      current = added;
      if (instruction.IsExit()) AddProbe(current);
      for (size_t i = 0; i < instruction.targets.size(); ++i) {
        const uint32_t target = instruction.targets[i];
        if (!IsFirst(instruction, i)) continue;
        if (labels_[target].multi_target) {
          AddProbe(current);
        } else {
          jumps_.emplace_back(current, target);
        }
      }
    }
  }

  const JavaMethod& method_;
  const absl::Span<const JavaInstruction> code_;
  JacocoClass* const out_;
  std::vector<Label> labels_;  // by offset
  std::vector<std::pair<int32_t, uint32_t>> jumps_;
  std::vector<bool> seen_;
};

absl::StatusOr<JacocoClass> JacocoClass::Analyse(absl::string_view class_file) {
  TS_ASSIGN_OR_RETURN(const JavaClass java, JavaClass::Parse(class_file));
  JacocoClass out;
  out.name_ = java.name();
  out.source_path_ = java.SourcePath();
  for (const JavaMethod& method : java.methods()) {
    const absl::StatusOr<std::vector<JavaInstruction>> code = DecodeJavaCode(method.code);
    if (code.ok()) {
      JacocoMethod(method, *code, &out).Run(JacocoLeavesOut(java, method, *code));
      continue;
    }
    out.exact_ = false;
    for (const JavaLine& line : method.lines) {
      out.instructions_.push_back({line.line, -1});
      out.has_lines_ |= line.line != 0;
    }
  }
  if (java.kotlin()) out.copies_ = KotlinSmap(java.debug_extension(), java.name());
  // Kotlin's compiler always writes line numbers of what people wrote.
  const bool synthetic = (java.access() & JavaClass::kSynthetic) != 0;
  out.generated_ = !out.has_lines_ && (synthetic || (java.kotlin() && java.has_source()));
  return out;
}

LineBits JacocoClass::Lines(absl::string_view executed) const {
  LineBits lines;
  std::vector<bool> seen(instructions_.size(), false);
  for (size_t probe = 0; probe < probe_at_.size() && probe / 8 < executed.size(); ++probe) {
    if ((executed[probe / 8] >> probe % 8 & 1) == 0) continue;
    for (int32_t i = probe_at_[probe]; i >= 0 && !seen[static_cast<size_t>(i)];
         i = instructions_[static_cast<size_t>(i)].previous) {
      seen[static_cast<size_t>(i)] = true;
      lines.Add(instructions_[static_cast<size_t>(i)].line);
    }
  }
  return lines;
}

LineBits JacocoClass::AllLines() const {
  LineBits lines;
  for (const Instruction& instruction : instructions_) lines.Add(instruction.line);
  return lines;
}

}  // namespace testselect
