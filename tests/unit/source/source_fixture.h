// Trees and units for tests of the source layers.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/source/language.h"
#include "server/source/name_table.h"
#include "server/source/unit.h"

namespace testselect {

// The registered language of a path; aborts where there is none.
const Language& LanguageFor(absl::string_view path);

// A tree in memory, cut with the real languages. Regular files all.
class FakeTree : public TreeView {
 public:
  explicit FakeTree(std::vector<std::pair<std::string, std::string>> files);

  size_t size() const override { return files_.size(); }
  absl::string_view Path(FileId file) const override { return files_[file].first; }
  FileId Find(absl::string_view path) const override;
  bool IsCode(FileId file) const override;
  const SourceModule& Module(FileId file) const override;
  std::string Text(FileId file) const override { return files_[file].second; }
  NameTable& names() const override { return names_; }

  // The layer of the language that `path` is written in, at work on this tree.
  const TreeLayer& Layer(absl::string_view path) const;
  // Paths that an import means, or that a file brings along, sorted and joined by blanks.
  std::string Resolved(absl::string_view path, uint32_t level, absl::string_view module,
                       absl::string_view name = "") const;
  std::string Imports(absl::string_view path) const;
  // All files that `path` reaches through imports, itself included.
  std::string Reaches(absl::string_view path) const;
  // The path a label's test stands in ("" if there is none), and after a blank each of its names.
  std::string Test(absl::string_view label, absl::string_view language_of) const;

 private:
  std::string Joined(std::vector<FileId> files) const;

  std::vector<std::pair<std::string, std::string>> files_;
  mutable NameTable names_;
  mutable std::vector<std::unique_ptr<SourceModule>> modules_;
  mutable std::vector<std::pair<const Language*, std::unique_ptr<TreeLayer>>> layers_;
};

// The units of one file, one a line: `kind key binds[...] free[...] members[...] FLAGS`, names
// sorted, what is empty left out; a key that is a digest is "<digest>". `parts` chooses which of
// the lists are printed ("bfmp+"); "l" prints the lines as well.
std::string UnitsOf(absl::string_view path, absl::string_view source,
                    absl::string_view parts = "b+");

// The units whose fingerprints differ, or that one side alone has: "kind key" each, joined by ", ".
std::string Changed(absl::string_view path, absl::string_view before, absl::string_view after);

// Changes each token of a file in turn, comments aside, and cuts again: those of which no
// fingerprint tells, as "line:token" joined by blanks. Every token is in some unit, so: "". Cuts
// every beginning of the file, too: nothing is too broken for that.
std::string UnseenTokens(absl::string_view path, absl::string_view source);

// One unit in full, as UnitsOf prints it: that of `kind_and_key`.
std::string UnitOf(absl::string_view path, absl::string_view source, absl::string_view kind_and_key,
                   absl::string_view parts = "bfmp+");

}  // namespace testselect
