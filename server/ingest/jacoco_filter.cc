#include "server/ingest/jacoco_filter.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace testselect {
namespace {

constexpr size_t kNone = SIZE_MAX;

class Filter {
 public:
  Filter(const JavaClass& java, const JavaMethod& method, absl::Span<const JavaInstruction> code)
      : java_(java), method_(method), code_(code), out_(code.size(), false) {}

  std::vector<bool> Run() {
    if (IsWhole()) {
      out_.assign(code_.size(), true);
      return std::move(out_);
    }
    for (const JavaHandler& handler : method_.handlers) {
      if (handler.type.empty()) {
        LeaveMonitor(handler);
        LeaveFinally(handler);
      } else if (handler.type == "java/lang/Throwable") {
        CloseResources(handler);
      }
    }
    if (method_.name == "<clinit>") SetUpAssertions();
    return std::move(out_);
  }

 private:
  bool IsWhole() const {
    if (java_.generated() || method_.generated || (java_.access() & JavaClass::kSynthetic) != 0) {
      return true;
    }
    if ((method_.access & JavaClass::kBridge) != 0) return true;
    if ((method_.access & JavaClass::kSynthetic) != 0) {
      return !absl::StartsWith(method_.name, "lambda$") &&
             !absl::StartsWith(method_.name, "$anonfun$") && !(java_.kotlin() && IsOfKotlin());
    }
    return IsEmptyConstructor() || IsOfEnumeration() || IsOfRecord();
  }

  // Synthetic methods of Kotlin's that hold what people wrote: default values of parameters, and
  // private functions that suspend.
  bool IsOfKotlin() const {
    const absl::string_view parameters =
        method_.descriptor.substr(0, method_.descriptor.rfind(')'));
    return absl::EndsWith(method_.name, "$default") ||
           absl::EndsWith(parameters, "Lkotlin/jvm/internal/DefaultConstructorMarker;") ||
           absl::EndsWith(parameters, "Lkotlin/coroutines/Continuation;");
  }

  bool Is(size_t i, uint8_t opcode) const { return i < code_.size() && code_[i].opcode == opcode; }
  bool Calls(size_t i, uint8_t opcode, absl::string_view owner, absl::string_view name,
             absl::string_view descriptor) const {
    if (!Is(i, opcode)) return false;
    const JavaMember member = java_.Member(code_[i].operand);
    return member.owner == owner && member.name == name && member.descriptor == descriptor;
  }

  bool IsEmptyConstructor() const {
    return method_.name == "<init>" && method_.descriptor == "()V" &&
           (method_.access & JavaClass::kPrivate) != 0 && Is(0, kAload) &&
           Calls(1, kInvokeSpecial, java_.super_name(), "<init>", "()V") && Is(2, kReturn);
  }

  bool IsOfEnumeration() const {
    if (java_.super_name() != "java/lang/Enum") return false;
    const std::string own = absl::StrCat("L", java_.name(), ";");
    if (method_.name == "values") return method_.descriptor == absl::StrCat("()[", own);
    if (method_.name == "valueOf") {
      return method_.descriptor == absl::StrCat("(Ljava/lang/String;)", own);
    }
    constexpr absl::string_view kDescriptor = "(Ljava/lang/String;I)V";
    return method_.name == "<init>" && method_.descriptor == kDescriptor && Is(0, kAload) &&
           Is(1, kAload) && Is(2, kIload) &&
           Calls(3, kInvokeSpecial, "java/lang/Enum", "<init>", kDescriptor) && Is(4, kReturn);
  }

  bool IsOfRecord() const {
    if (java_.super_name() != "java/lang/Record" || !Is(0, kAload)) return false;
    const size_t call = method_.name == "equals" ? 2 : 1;
    if (Is(call, kInvokeDynamic)) {
      const JavaMember site = java_.CallSite(code_[call].operand);
      return site.owner == "java/lang/runtime/ObjectMethods" && site.name == method_.name;
    }
    return absl::StartsWith(method_.descriptor, "()") && Is(1, kGetField) &&
           java_.Member(code_[1].operand).name == method_.name && code_.size() > 2 &&
           code_[2].IsExit();
  }

  // The instruction at `offset`; kNone at the end of the code.
  size_t At(uint32_t offset) const {
    const auto found =
        std::lower_bound(code_.begin(), code_.end(), offset,
                         [](const JavaInstruction& i, uint32_t at) { return i.offset < at; });
    return found == code_.end() ? kNone : static_cast<size_t>(found - code_.begin());
  }
  void LeaveOut(size_t first, size_t last) {
    for (size_t i = first; i <= last && i < out_.size(); ++i) out_[i] = true;
  }

  // `synchronized`: an exception leaves the monitor and flies on.
  void LeaveMonitor(const JavaHandler& handler) {
    if (handler.start == handler.handler) return;
    const size_t i = At(handler.handler);
    if (i == kNone) return;
    if (Is(i, kAstore) && Is(i + 1, kAload) && Is(i + 2, kMonitorExit) && Is(i + 3, kAload) &&
        code_[i + 3].operand == code_[i].operand && Is(i + 4, kAthrow)) {
      LeaveOut(i, i + 4);
    } else if (Is(i, kAload) && Is(i + 1, kMonitorExit) && Is(i + 2, kAthrow)) {
      LeaveOut(i, i + 2);
    }
  }

  // A `finally` block is there once for exceptions, and again at every other exit.
  void LeaveFinally(const JavaHandler& handler) {
    const size_t first = At(handler.handler);
    const size_t size = SizeOfFinally(first);
    if (size == 0) return;
    std::vector<bool> inside(code_.size(), false);
    for (const JavaHandler& h : method_.handlers) {
      if (h.handler != handler.handler) continue;
      for (size_t i = At(h.start); i < code_.size() && code_[i].offset < h.end; ++i) {
        inside[i] = true;
      }
    }
    for (const JavaHandler& h : method_.handlers) {
      if (h.handler == handler.handler) {
        for (const size_t exit : ExitsOf(h)) {
          if (exit < code_.size() && !inside[exit]) LeaveCopy(first, size, exit);
        }
      }
      if (h.handler != handler.handler && h.start == handler.start && h.end == handler.end) {
        const size_t store = At(h.handler);  // of an empty catch block
        if (store < code_.size() && store + 1 < code_.size() && !inside[store + 1]) {
          LeaveCopy(first, size, store + 1);
        }
      }
    }
  }

  // Instructions between the store of the exception and its load before it flies on; 0: none.
  size_t SizeOfFinally(size_t first) const {
    if (first == kNone || !Is(first, kAstore)) return 0;
    for (size_t i = first + 1; i < code_.size(); ++i) {
      if (code_[i].opcode == kAload && code_[i].operand == code_[first].operand) {
        return Is(i + 1, kAthrow) ? i - first - 1 : 0;
      }
    }
    return 0;
  }

  // Where control flow goes on behind the block of a handler.
  std::vector<size_t> ExitsOf(const JavaHandler& h) const {
    std::vector<size_t> exits;
    bool goes_on = false;
    size_t i = At(h.start);
    for (; i < code_.size() && code_[i].offset < h.end; ++i) {
      if (code_[i].IsJump()) exits.push_back(At(code_[i].targets[0]));
      goes_on = !code_[i].IsExit() && code_[i].opcode != kGoto;
    }
    if (goes_on) exits.push_back(i);
    return exits;
  }

  void LeaveCopy(size_t first, size_t size, size_t copy) {
    for (size_t i = 0; i < size; ++i) {
      if (!Is(copy + i, code_[first + 1 + i].opcode)) return;
    }
    LeaveOut(first, first);
    LeaveOut(first + size + 1, first + size + 2);
    if (Is(copy + size, kGoto)) LeaveOut(copy + size, copy + size);
  }

  // A call of close() on local variable `resource`, of class `owner` ("" any, and is set), perhaps
  // only where it is not null. Returns the index behind it, or kNone.
  size_t Close(size_t i, bool checks, int* resource, absl::string_view* owner) const {
    for (int loads = checks ? 2 : 1; loads > 0; --loads) {
      if (!Is(i, kAload) || (*resource >= 0 && code_[i].operand != *resource)) return kNone;
      *resource = code_[i].operand;
      ++i;
      if (loads == 2 && !Is(i++, kIfNull)) return kNone;
    }
    if (!Is(i, kInvokeInterface) && !Is(i, kInvokeVirtual)) return kNone;
    const JavaMember call = java_.Member(code_[i].operand);
    if (call.name != "close" || call.descriptor != "()V") return kNone;
    if (!owner->empty() && *owner != call.owner) return kNone;
    *owner = call.owner;
    return i + 1;
  }

  // `try (resource)`, as javac 11 and later write it.
  void CloseResources(const JavaHandler& handler) {
    const size_t start = At(handler.handler);
    if (start == kNone || !Is(start, kAstore)) return;
    for (const bool checks : {true, false}) {
      int resource = -1;
      absl::string_view owner;
      const size_t i = Close(start + 1, checks, &resource, &owner);
      if (i == kNone || !Is(i, kGoto) || !Is(i + 1, kAstore) || !Is(i + 2, kAload) ||
          !Is(i + 3, kAload) ||
          !Calls(i + 4, kInvokeVirtual, "java/lang/Throwable", "addSuppressed",
                 "(Ljava/lang/Throwable;)V") ||
          !Is(i + 5, kAload) || !Is(i + 6, kAthrow)) {
        continue;
      }
      for (size_t s = start; s-- > 0;) {
        size_t end = Close(s, checks, &resource, &owner);
        if (end == kNone) continue;
        if (Is(end, kGoto)) ++end;
        LeaveOut(s, end - 1);
        LeaveOut(start, i + 6);
        return;
      }
    }
  }

  void SetUpAssertions() {
    for (size_t i = 0; i < code_.size(); ++i) {
      if (Calls(i + 1, kInvokeVirtual, "java/lang/Class", "desiredAssertionStatus", "()Z") &&
          Is(i + 2, kIfne) && Is(i + 3, kIconst1) && Is(i + 4, kGoto) && Is(i + 5, kIconst0) &&
          Calls(i + 6, kPutStatic, java_.name(), "$assertionsDisabled", "Z")) {
        LeaveOut(i, i + 6);
      }
    }
  }

  const JavaClass& java_;
  const JavaMethod& method_;
  const absl::Span<const JavaInstruction> code_;
  std::vector<bool> out_;
};

}  // namespace

std::vector<bool> JacocoLeavesOut(const JavaClass& java, const JavaMethod& method,
                                  absl::Span<const JavaInstruction> code) {
  return Filter(java, method, code).Run();
}

}  // namespace testselect
