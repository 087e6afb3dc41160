// Small Python programs that change step by step, with what a run of them would show: the value
// that each test sees, and the lines that it executes. Nothing is run: a program is evaluated here,
// by the rules of Python.
#pragma once

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace testselect {

// What code of a program names: a constant or a function of a module, or a method called on an
// instance of its class.
struct ProgramTerm {
  enum Kind { kConstant, kFunction, kMethod } kind;
  size_t module, index;
};

struct ProgramBody {
  int number = 0;
  std::vector<ProgramTerm> terms = {};
  bool cached = false;  // by functools.cache
  int remarks = 0;
  int docstring = 0;  // which; 0 for none
};

struct ProgramConstant {
  int number = 0;
  std::vector<ProgramTerm> from = {};  // called while importing
};

// A module has one class; its base is the class of an earlier module.
struct ProgramModule {
  bool qualified = false;  // `import m0` and `m0.f0_0()`, or `from m0 import f0_0`
  std::vector<ProgramConstant> constants;
  std::vector<ProgramBody> functions;
  std::vector<size_t> base;  // none or one
  std::map<size_t, ProgramBody> methods;
};

struct EvolvingProgram {
  std::vector<ProgramModule> modules;
  std::vector<ProgramTerm> tests;  // test i is the one test of file i

  static EvolvingProgram Draw(std::mt19937& random);
  // One edit. Returns whether it can matter: a comment or a docstring cannot.
  bool Edit(std::mt19937& random);
  std::map<std::string, std::string> Files() const;
};

struct ProgramRun {
  std::map<std::string, int> values;  // by label
  std::map<std::string, std::map<std::string, std::set<uint32_t>>>
      lines;  // label ("" while importing) -> path -> lines
};

// All tests in one process, in order, as pytest runs them.
ProgramRun Run(const EvolvingProgram& program);

}  // namespace testselect
