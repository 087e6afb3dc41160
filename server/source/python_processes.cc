#include "server/source/python_processes.h"

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "server/source/python_syntax.h"

namespace testselect {
namespace {

// Either everything of a module may start a process but `others`, or nothing but these.
struct ProcessModule {
  bool starts;
  NameSet others;
};

const NameSet& OfOs() {
  static const auto* const names =
      new NameSet{"system",       "popen",   "startfile", "fork",    "forkpty",  "posix_spawn",
                  "posix_spawnp", "spawnl",  "spawnle",   "spawnlp", "spawnlpe", "spawnv",
                  "spawnve",      "spawnvp", "spawnvpe",  "execl",   "execle",   "execlp",
                  "execlpe",      "execv",   "execve",    "execvp",  "execvpe"};
  return *names;
}

const absl::flat_hash_map<absl::string_view, ProcessModule>& Modules() {
  static const auto* const modules = new absl::flat_hash_map<absl::string_view, ProcessModule>{
      {"subprocess",
       {true,
        {"PIPE", "STDOUT", "DEVNULL", "CalledProcessError", "CompletedProcess", "SubprocessError",
         "TimeoutExpired", "list2cmdline"}}},
      {"multiprocessing",
       {true,
        {"current_process", "parent_process", "active_children", "cpu_count", "freeze_support",
         "get_start_method", "get_all_start_methods", "get_logger", "log_to_stderr",
         "AuthenticationError", "BufferTooShort", "ProcessError", "TimeoutError"}}},
      {"multiprocessing.dummy", {false, {}}},  // threads
      {"multiprocessing.pool", {true, {"ThreadPool"}}},
      {"billiard", {true, {}}},
      {"loky", {true, {}}},
      {"multiprocess", {true, {}}},
      {"pathos", {true, {}}},
      {"pexpect", {true, {}}},
      {"plumbum", {true, {}}},
      {"ptyprocess", {true, {}}},
      {"runpy", {true, {}}},
      {"sh", {true, {}}},
      {"pty", {false, {"spawn", "fork"}}},
      {"os", {false, OfOs()}},
      {"posix", {false, OfOs()}},
      {"nt", {false, OfOs()}},
      {"trio", {false, {"run_process", "open_process"}}},
      {"trio.lowlevel", {false, {"open_process"}}},
      {"anyio", {false, {"run_process", "open_process"}}},
      {"asyncio", {false, {"create_subprocess_exec", "create_subprocess_shell"}}},
      {"asyncio.subprocess", {true, {"PIPE", "STDOUT", "DEVNULL"}}},
      {"concurrent", {false, {}}},
      {"concurrent.futures", {false, {"ProcessPoolExecutor"}}},
      {"concurrent.futures.process", {true, {"BrokenProcessPool"}}}};
  return *modules;
}

// The module, or the one above it all of whose modules start processes; null for any other.
const ProcessModule* Find(absl::string_view module) {
  const auto it = Modules().find(module);
  if (it != Modules().end()) return &it->second;
  const size_t dot = module.find('.');
  const auto top = Modules().find(module.substr(0, dot));
  static const auto* const unknown = new ProcessModule{true, {}};
  return top != Modules().end() && top->second.starts ? unknown : nullptr;
}

std::string Joined(absl::string_view module, absl::string_view name) {
  return absl::StrCat(module, ".", name);
}

// sys.modules.get("a"), import_module("a"), __import__("a"), importorskip("a"): the call's function
// is called so.
bool IsGetter(Node function) {
  if (!function) return false;
  if (KindOf(function) == Py::kAttribute) {
    const Node object = function.Field("object"), method = function.Field("attribute");
    if (method && method.text() == "get") {
      return object && KindOf(object) == Py::kAttribute &&
             object.Field("attribute").text() == "modules";
    }
    function = method;
  }
  const absl::string_view name = function ? function.text() : absl::string_view();
  return name == "import_module" || name == "__import__" || name == "importorskip";
}

// The literal string of nothing but text that is the first of `nodes`' children, or "".
absl::string_view LiteralOf(Node string) {
  if (!string || KindOf(string) != Py::kString) return "";
  absl::string_view text;
  for (Node part : NamedChildren(string)) {
    const Py kind = KindOf(part);
    if (kind == Py::kStringStart || kind == Py::kStringEnd) continue;
    if (kind != Py::kStringContent || !text.empty()) return "";
    text = part.text();
  }
  return text;
}

// The module that sys.modules["a"] and its like name, or "".
absl::string_view GotModule(Node value) {
  if (!value) return "";
  if (KindOf(value) == Py::kSubscript) {
    const Node object = value.Field("value");
    if (!object || KindOf(object) != Py::kAttribute) return "";
    if (object.Field("attribute").text() != "modules") return "";
    return LiteralOf(value.Field("subscript"));
  }
  if (KindOf(value) != Py::kCall || !IsGetter(value.Field("function"))) return "";
  const Node arguments = value.Field("arguments");
  return arguments ? LiteralOf(arguments.first_named_child()) : absl::string_view();
}

}  // namespace

PyProcessNames::PyProcessNames(Node root) {
  for (absl::string_view name : {"subprocess", "multiprocessing", "pexpect", "runpy"}) {
    modules_[name] = name;
  }
  ForEachNode(root, [&](Node n) {
    switch (KindOf(n)) {
      case Py::kImport:
        return AddImport(n);
      case Py::kImportFrom:
        return AddImportFrom(n);
      case Py::kAssignment:
        return AddGetter(n.Field("left"), n.Field("right"));
      case Py::kNamedExpression:
        return AddGetter(n.Field("name"), n.Field("value"));
      default:
        return;
    }
  });
}

void PyProcessNames::AddImport(Node import) {
  for (Node child : NamedChildren(import)) {
    const Node alias = child.Field("alias");
    const absl::string_view module = (alias ? child.Field("name") : child).text();
    const absl::string_view top = module.substr(0, module.find('.'));
    if (alias && Find(module) != nullptr) modules_[alias.text()] = module;
    if (!alias && Find(top) != nullptr) modules_[top] = top;
  }
}

void PyProcessNames::AddImportFrom(Node import) {
  const auto [level, written] = PyModuleOf(import);
  const absl::string_view module = level == 0 ? written : absl::string_view();
  const ProcessModule* const known = Find(module);
  for (Node child : NamedChildren(import)) {
    if (KindOf(child) == Py::kWildcardImport && known != nullptr) {
      all_ |= known->starts;
      if (!known->starts) starters_.insert(known->others.begin(), known->others.end());
    }
    if (child.field() != "name") continue;
    const Node alias = child.Field("alias");
    const absl::string_view name = (alias ? child.Field("name") : child).text();
    const absl::string_view local = alias ? alias.text() : name;
    if (const auto inner = Modules().find(Joined(module, name)); inner != Modules().end()) {
      modules_[local] = inner->first;
    } else if (known == nullptr && NamesModule(name)) {  // from .compat import subprocess
      modules_[local] = name;
    } else if (known != nullptr ? Starts(module, name) : StartsAsAMember(name)) {
      starters_.insert(local);
    }
  }
}

void PyProcessNames::AddGetter(Node target, Node value) {
  const absl::string_view module = GotModule(value);
  if (!target || KindOf(target) != Py::kIdentifier || Find(module) == nullptr) return;
  modules_[target.text()] = module;
}

absl::string_view PyProcessNames::ModuleOf(Node expression) const {
  if (!expression) return "";
  if (KindOf(expression) == Py::kIdentifier) {
    const auto it = modules_.find(expression.text());
    return it == modules_.end() ? absl::string_view() : it->second;
  }
  if (KindOf(expression) != Py::kAttribute) return "";
  const absl::string_view name = expression.Field("attribute").text();
  const absl::string_view outer = ModuleOf(expression.Field("object"));
  if (!outer.empty()) {
    const auto inner = Modules().find(Joined(outer, name));
    if (inner != Modules().end()) return inner->first;
  }
  return NamesModule(name) ? name : absl::string_view();
}

bool PyProcessNames::StartsAsAWhole(Node expression) const {
  const ProcessModule* const module = Find(ModuleOf(expression));
  return module != nullptr && module->starts;
}

bool PyProcessNames::Starts(absl::string_view module, absl::string_view attribute) {
  const ProcessModule* const known = Find(module);
  return known != nullptr && known->starts != known->others.contains(attribute);
}

bool PyProcessNames::StartsByName(absl::string_view name) const {
  return all_ || starters_.contains(name) || StartsAsAMember(name);
}

bool PyProcessNames::StartsAsAMember(absl::string_view name) {
  static const auto* const names =
      new NameSet{"Popen",           "ProcessPoolExecutor",    "check_call",
                  "check_output",    "create_subprocess_exec", "create_subprocess_shell",
                  "getstatusoutput", "runpytest_subprocess",   "spawn_pytest",
                  "subprocess_exec", "subprocess_shell"};
  return names->contains(name) || (name != "system" && OfOs().contains(name));
}

bool PyProcessNames::NamesModule(absl::string_view word) {
  return word == "subprocess" || word == "multiprocessing" || word == "pexpect" || word == "runpy";
}

bool PyProcessNames::Gets(Node target, Node value) const {
  const absl::string_view module = GotModule(value);
  return !module.empty() && target && ModuleOf(target) == module;
}

}  // namespace testselect
