// Language: what the selection asks of a programming language (design: "What a language layer
// says"). docs/languages.md describes how to add one.
//
// The engine knows no language. A layer cuts a file into units, finds the files that an import
// means, finds a label's file and own names, and says which names are special.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/source/name_table.h"
#include "server/source/statements.h"
#include "server/source/unit.h"

namespace testselect {

// A file's position in the list of its tree.
using FileId = uint32_t;
inline constexpr FileId kNoFile = 0xFFFFFFFF;

// Names whose users see what no other name leads to, and how the language is built. The defaults
// suit a language of which little is known.
struct LanguageTraits {
  // Guards: a label that executed a use of such a name may see ...
  std::vector<absl::string_view> reads_docstrings;    // a docstring of something it uses
  std::vector<absl::string_view> reads_signatures;    // annotations and signatures
  std::vector<absl::string_view> builds_from_fields;  // annotated data members of a class
  std::vector<absl::string_view> reads_source;        // any token of a file
  std::vector<absl::string_view> lists_files;         // that a file came or went
  std::vector<absl::string_view> lists_classes;       // that a class came, went or changed
  std::vector<absl::string_view> starts_processes;    // everything
  std::vector<absl::string_view> read_by_the_runner;  // module-level names the test runner reads
  std::vector<absl::string_view> module_setup;        // functions that prepare a whole module
  bool by_file = true;  // a new or deleted file is a module come or gone; else only its units are
  // A free name may mean what another file defines (Language::Sees); else only its own file.
  bool shared_names = false;
  // ... but not what an import of that file binds.
  bool imports_stay_in_file = false;
  bool imports_run = false;  // an import runs what stands in the file at module level, once
  bool linked = false;       // names belong to the program: a user need not import what defines it
  bool built_first = false;  // what does not compile is found before tests run: no canaries
  bool runs_in_compiler = false;  // functions may run there (constexpr, const fn), unseen
  bool includes_text = false;     // an import is a file's text: that of another file is another one
  bool built_by_package = false;  // ... but per package: importers of one that fails need canaries
};

// What a layer may ask about the tree that it works on. Thread-safe for readers.
class TreeView {
 public:
  virtual ~TreeView() = default;
  virtual size_t size() const = 0;                        // files; ids are 0 .. size() - 1
  virtual absl::string_view Path(FileId file) const = 0;  // ids ascend by path
  virtual FileId Find(absl::string_view path) const = 0;  // kNoFile if there is none
  // Regular files of any registered language; links and submodules have none.
  virtual bool IsCode(FileId file) const = 0;
  // The units of a file of code; an unparsed module where the file could not be read or cut.
  virtual const SourceModule& Module(FileId file) const = 0;
  // The bytes of any file (configuration: go.mod, package.json); "" where they cannot be read.
  // Cost: a read of the object, each time.
  virtual std::string Text(FileId file) const = 0;
  virtual NameTable& names() const = 0;
};

// A language at work on one tree. Thread-safe once made; the tree must outlive it.
class TreeLayer {
 public:
  virtual ~TreeLayer() = default;
  // Files that an import in `file` may mean, the most exact first; no order is needed otherwise.
  virtual std::vector<FileId> Resolve(FileId file, const ImportSource& source) const = 0;
  // All files that `file` brings along (never itself). Repeats are allowed.
  virtual std::vector<FileId> ImportsOf(FileId file) const = 0;
  // The file a label's test stands in, or kNoFile.
  virtual FileId TestFile(absl::string_view label) const = 0;
  // Names of units a label is made of: its function, its class. `test_file` is TestFile's answer.
  virtual std::vector<std::string> TestNames(absl::string_view label, FileId test_file) const = 0;
  // Whether coverage tools record lines of the file at all.
  virtual bool Measured(FileId /*file*/) const { return true; }
  // Whether an import finds its module, in the tree or in what comes with the language. An added
  // import that neither does, nor is imported elsewhere already, makes everybody who reaches it
  // run.
  virtual bool Known(FileId /*file*/, const ImportSource& /*source*/) const { return true; }
  // Whether a method of this name, come or gone, may make a class fit an interface or no longer fit
  // it. Asked where Language::Fits said that it may be; true where it cannot be known. Cost: the
  // first question looks at all units of the language.
  virtual bool AskedFor(absl::string_view /*method*/) const { return true; }
  // Whether some file of the tree imports the same library, so that it must be installed.
  virtual bool ImportsLibrary(const ImportSource& /*source*/) const { return false; }
};

// Stateless and thread-safe.
class Language {
 public:
  virtual ~Language() = default;
  virtual absl::string_view name() const = 0;  // "python"
  // Languages of one family share their names: C and C++; JavaScript and TypeScript.
  virtual absl::string_view family() const { return name(); }
  virtual absl::Span<const absl::string_view> suffixes() const = 0;  // ".py"
  virtual const LanguageTraits& traits() const = 0;
  // Changes whenever Cut would give other units for the same bytes: part of the cache's key.
  virtual uint32_t version() const = 0;
  // Cuts a file. Never fails: a syntax error marks its unit kBroken, and a file that cannot be
  // parsed at all is `parsed = false`. `path` tells dialects apart and must not get into the units.
  virtual SourceModule Cut(absl::string_view path, absl::string_view source,
                           NameTable* names) const = 0;
  virtual std::unique_ptr<TreeLayer> Open(const TreeView& tree) const = 0;
  // As Open, for a tree that differs from that of `like`, a layer of this language, in the content
  // of code alone: paths, configuration and SourceModule::package are the same. What follows from
  // these may be shared with `like`, which need not outlive the new layer.
  virtual std::unique_ptr<TreeLayer> OpenLike(const TreeView& tree,
                                              const TreeLayer& /*like*/) const {
    return Open(tree);
  }
  // The statements of a file, for selections by line; null where it cannot be parsed, or where
  // bodies are the finest that the layer tells apart.
  virtual std::unique_ptr<StatementReader> Statements(absl::string_view /*path*/,
                                                      absl::string_view /*source*/) const {
    return nullptr;
  }

  // Whether a free name in `user_path` may mean what `path` defines without importing that name.
  // Asked of languages with shared_names only.
  virtual bool Sees(absl::string_view user_path, absl::string_view path) const {
    return user_path == path;
  }
  // Whether a file that no other includes is compiled by itself; else the build may include it.
  virtual bool CompiledAlone(absl::string_view /*path*/) const { return false; }
  // A member that is used without being named (Python's __eq__, C++'s operator==).
  virtual bool Special(absl::string_view /*name*/) const { return false; }
  // A method that may make its class fit an interface that nobody names here (a library's).
  virtual bool Fits(absl::string_view /*name*/) const { return false; }
  // A function that the runner calls by its name (pytest_configure).
  virtual bool RunnerCalls(absl::string_view /*name*/) const { return false; }
};

// The registered languages, in a fixed order.
absl::Span<const Language* const> Languages();
// The language of a file by its path, or null.
const Language* LanguageOf(absl::string_view path);

}  // namespace testselect
