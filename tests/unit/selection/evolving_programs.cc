#include "tests/unit/selection/evolving_programs.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace testselect {
namespace {

constexpr size_t kMethods = 2;

size_t Below(std::mt19937& random, size_t bound) { return random() % bound; }

std::string Name(const ProgramTerm& term) {
  switch (term.kind) {
    case ProgramTerm::kConstant:
      return absl::StrCat("C", term.module, "_", term.index);
    case ProgramTerm::kFunction:
      return absl::StrCat("f", term.module, "_", term.index);
    case ProgramTerm::kMethod:
      break;
  }
  return absl::StrCat("K", term.module);
}

std::string MethodName(size_t index) { return index == 0 ? "first" : "second"; }

// The text of one file, and where its bodies and constants are.
class Page {
 public:
  Page(size_t module, bool qualified) : module_(module), qualified_(qualified) {}

  std::string Reference(const ProgramTerm& term) {
    std::string name = Name(term);
    if (term.module != module_) {
      imports_[term.module].insert(name);
      if (qualified_) name = absl::StrCat("m", term.module, ".", name);
    }
    if (term.kind == ProgramTerm::kFunction) return name + "()";
    if (term.kind == ProgramTerm::kMethod)
      return absl::StrCat(name, "().", MethodName(term.index), "()");
    return name;
  }
  std::string BaseName(size_t module) {
    const std::string call = Reference({ProgramTerm::kMethod, module, 0});
    return call.substr(0, call.find('('));
  }
  std::string Sum(int number, const std::vector<ProgramTerm>& terms) {
    std::string text = absl::StrCat(number);
    for (const ProgramTerm& term : terms) absl::StrAppend(&text, " + ", Reference(term));
    return text;
  }
  // Adds a line; `top` runs while importing.
  size_t Add(std::string line, bool top) {
    lines_.push_back({std::move(line), top});
    return lines_.size() - 1;
  }
  void Body(const std::string& indent, const std::string& header, const ProgramBody& body,
            size_t key) {
    if (body.cached) Add(indent + "@functools.cache", true);
    cached_ = cached_ || body.cached;
    Add(indent + header, true);
    if (body.docstring != 0)
      Add(absl::StrCat(indent, "    \"\"\"Text ", body.docstring, ".\"\"\""), false);
    for (int i = 0; i < body.remarks; ++i) Add(indent + "    # A remark.", false);
    Mark(key, Add(absl::StrCat(indent, "    return ", Sum(body.number, body.terms)), false));
  }
  void Mark(size_t key, size_t line) { bodies_[key] = line; }
  // Puts the imports in front; no line may be added any more.
  void Close() {
    std::vector<Line> head;
    if (cached_) head.push_back({"import functools", true});
    for (const auto& [module, names] : imports_) {
      head.push_back({qualified_
                          ? absl::StrCat("import m", module)
                          : absl::StrCat("from m", module, " import ", absl::StrJoin(names, ", ")),
                      true});
    }
    for (auto& [key, line] : bodies_) line += head.size();
    lines_.insert(lines_.begin(), head.begin(), head.end());
  }
  std::string Text() const {
    std::string text;
    for (const Line& line : lines_) absl::StrAppend(&text, line.text, "\n");
    return text;
  }
  std::set<uint32_t> Top() const {
    std::set<uint32_t> top;
    for (size_t i = 0; i < lines_.size(); ++i) {
      if (lines_[i].top) top.insert(static_cast<uint32_t>(i + 1));
    }
    return top;
  }
  uint32_t LineOf(size_t key) const { return static_cast<uint32_t>(bodies_.at(key) + 1); }
  const std::map<size_t, std::set<std::string>>& imports() const { return imports_; }

 private:
  struct Line {
    std::string text;
    bool top;
  };
  size_t module_;
  bool qualified_, cached_ = false;
  std::vector<Line> lines_;
  std::map<size_t, size_t> bodies_;
  std::map<size_t, std::set<std::string>> imports_;
};

size_t MethodKey(size_t index) { return index; }
size_t FunctionKey(size_t index) { return kMethods + index; }

Page Write(const EvolvingProgram& program, size_t at) {
  const ProgramModule& code = program.modules[at];
  Page page(at, code.qualified);
  for (size_t i = 0; i < code.constants.size(); ++i) {
    const ProgramConstant& constant = code.constants[i];
    page.Add(absl::StrCat(Name({ProgramTerm::kConstant, at, i}), " = ",
                          page.Sum(constant.number, constant.from)),
             true);
  }
  const std::string base =
      code.base.empty() ? "" : absl::StrCat("(", page.BaseName(code.base[0]), ")");
  page.Add(absl::StrCat("class K", at, base, ":"), true);
  if (code.methods.empty()) page.Add("    pass", true);
  for (const auto& [index, body] : code.methods) {
    page.Body("    ", absl::StrCat("def ", MethodName(index), "(self):"), body, MethodKey(index));
  }
  for (size_t i = 0; i < code.functions.size(); ++i) {
    page.Body("", absl::StrCat("def ", Name({ProgramTerm::kFunction, at, i}), "():"),
              code.functions[i], FunctionKey(i));
  }
  page.Close();
  return page;
}

std::string TestPath(size_t test) { return absl::StrCat("test_", test, ".py"); }

Page WriteTest(const EvolvingProgram& program, size_t test) {
  Page page(program.modules.size(), test % 2 == 0);
  const std::string call = page.Reference(program.tests[test]);
  page.Add("def test_value():", true);
  page.Mark(0, page.Add("    assert " + call, false));
  page.Close();
  return page;
}

class Machine {
 public:
  explicit Machine(const EvolvingProgram& program) : program_(program) {
    for (size_t i = 0; i < program.modules.size(); ++i) pages_.push_back(Write(program, i));
  }

  ProgramRun Run() {
    for (size_t test = 0; test < program_.tests.size(); ++test) {
      const Page page = WriteTest(program_, test);
      for (const auto& [module, names] : page.imports()) Import(module);
      run_.lines[""][TestPath(test)] = page.Top();
    }
    for (size_t test = 0; test < program_.tests.size(); ++test) {
      const Page page = WriteTest(program_, test);
      label_ = TestPath(test) + "::test_value";
      run_.lines[label_][TestPath(test)] = {page.LineOf(0)};
      run_.values[label_] = Value(program_.tests[test]);
    }
    return std::move(run_);
  }

 private:
  void Import(size_t module) {
    if (!imported_.insert(module).second) return;
    for (const auto& [other, names] : pages_[module].imports()) Import(other);
    run_.lines[""][absl::StrCat("m", module, ".py")].merge(pages_[module].Top());
    const std::vector<ProgramConstant>& constants = program_.modules[module].constants;
    for (size_t i = 0; i < constants.size(); ++i) {
      constants_[{module, i}] = Sum(constants[i].number, constants[i].from);
    }
  }
  int Sum(int number, const std::vector<ProgramTerm>& terms) {
    for (const ProgramTerm& term : terms) number += Value(term);
    return number;
  }
  int Value(const ProgramTerm& term) {
    if (term.kind == ProgramTerm::kConstant) return constants_.at({term.module, term.index});
    if (term.kind == ProgramTerm::kFunction) {
      return Call(term.module, FunctionKey(term.index),
                  program_.modules[term.module].functions[term.index]);
    }
    size_t owner = term.module;
    while (program_.modules[owner].methods.count(term.index) == 0)
      owner = program_.modules[owner].base[0];
    return Call(owner, MethodKey(term.index), program_.modules[owner].methods.at(term.index));
  }
  int Call(size_t module, size_t key, const ProgramBody& body) {
    const auto kept = results_.find({module, key});
    if (kept != results_.end()) return kept->second;
    run_.lines[label_][absl::StrCat("m", module, ".py")].insert(pages_[module].LineOf(key));
    const int value = Sum(body.number, body.terms);
    if (body.cached) results_[{module, key}] = value;
    return value;
  }

  const EvolvingProgram& program_;
  std::vector<Page> pages_;
  std::string label_;
  std::set<size_t> imported_;
  std::map<std::pair<size_t, size_t>, int> constants_, results_;
  ProgramRun run_;
};

// Something that code of module `at` may name: of an earlier module, or one of its own first
// `functions`.
ProgramTerm DrawTerm(std::mt19937& random, const EvolvingProgram& program, size_t at,
                     size_t functions) {
  const size_t module = Below(random, at + (functions > 0 ? 1 : 0));
  const size_t bound = module == at ? functions : program.modules[module].functions.size();
  const size_t kind = module == at ? 1 : Below(random, 3);
  if (kind == 0)
    return {ProgramTerm::kConstant, module,
            Below(random, program.modules[module].constants.size())};
  if (kind == 1) return {ProgramTerm::kFunction, module, Below(random, bound)};
  return {ProgramTerm::kMethod, module, Below(random, kMethods)};
}

std::vector<ProgramTerm> DrawTerms(std::mt19937& random, const EvolvingProgram& program, size_t at,
                                   size_t functions) {
  std::vector<ProgramTerm> terms;
  for (size_t left = Below(random, 3); left > 0 && at + functions > 0; --left) {
    terms.push_back(DrawTerm(random, program, at, functions));
  }
  if (Below(random, 2) == 0)
    terms.push_back(
        {ProgramTerm::kConstant, at, Below(random, program.modules[at].constants.size())});
  return terms;
}

}  // namespace

EvolvingProgram EvolvingProgram::Draw(std::mt19937& random) {
  EvolvingProgram program;
  const size_t modules = 3 + Below(random, 4);
  for (size_t at = 0; at < modules; ++at) {
    ProgramModule& code = program.modules.emplace_back();
    code.qualified = Below(random, 2) == 0;
    for (int i = 0; i < 2; ++i) code.constants.push_back({static_cast<int>(Below(random, 50))});
    if (at > 0 && Below(random, 3) == 0) {
      const size_t from = Below(random, at);
      code.constants[1].from = {
          {ProgramTerm::kFunction, from, Below(random, program.modules[from].functions.size())}};
    }
    if (at > 0 && Below(random, 3) != 0) code.base = {Below(random, at)};
    for (size_t i = 0; i < kMethods; ++i) {
      if (code.base.empty() || Below(random, 2) == 0) {
        code.methods[i] = {static_cast<int>(Below(random, 50)), DrawTerms(random, program, at, 0)};
      }
    }
    for (size_t i = 0, count = 2 + Below(random, 3); i < count; ++i) {
      ProgramBody body{static_cast<int>(Below(random, 50)), DrawTerms(random, program, at, i),
                       Below(random, 5) == 0};
      code.functions.push_back(body);
    }
  }
  for (int i = 0; i < 8; ++i) {
    ProgramTerm term = DrawTerm(random, program, modules, 0);
    if (term.kind == ProgramTerm::kConstant) term.kind = ProgramTerm::kMethod;
    program.tests.push_back(term);
  }
  return program;
}

bool EvolvingProgram::Edit(std::mt19937& random) {
  const size_t at = Below(random, modules.size());
  ProgramModule& code = modules[at];
  const size_t index = Below(random, code.functions.size()), method = Below(random, kMethods);
  ProgramBody& function = code.functions[index];
  switch (Below(random, 12)) {
    case 0:
      ++function.number;
      return true;
    case 1:
      ++code.constants[Below(random, 2)].number;
      return true;
    case 2:
      function.terms = DrawTerms(random, *this, at, index);
      return true;
    case 3:
      function.cached = !function.cached;
      return true;
    case 4:
      ++function.remarks;
      return false;
    case 5:
      ++function.docstring;
      return false;
    case 6:
      code.qualified = !code.qualified;
      return true;
    case 7:
      code.functions.push_back({7});
      return true;
    case 8:
      if (at > 0) code.constants[0].from = {{ProgramTerm::kFunction, at - 1, 0}};
      return at > 0;
    case 9:
      if (at == 0 || code.base.empty()) break;
      code.base = {Below(random, at)};
      return true;
    default:
      break;
  }
  // A method comes, goes or changes.
  const auto found = code.methods.find(method);
  if (found == code.methods.end()) {
    code.methods[method] = {60};
  } else if (!code.base.empty() && Below(random, 2) == 0) {
    code.methods.erase(found);
  } else {
    ++found->second.number;
  }
  return true;
}

std::map<std::string, std::string> EvolvingProgram::Files() const {
  std::map<std::string, std::string> files;
  for (size_t i = 0; i < modules.size(); ++i)
    files[absl::StrCat("m", i, ".py")] = Write(*this, i).Text();
  for (size_t i = 0; i < tests.size(); ++i) files[TestPath(i)] = WriteTest(*this, i).Text();
  return files;
}

ProgramRun Run(const EvolvingProgram& program) { return Machine(program).Run(); }

}  // namespace testselect
