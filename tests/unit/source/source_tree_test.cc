// A tree says so when something it needs cannot be read.
#include "server/source/source_tree.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace testselect {
namespace {

// Blobs by id; some are missing, as in a partial clone.
class Blobs final : public ModuleSource {
 public:
  SourceFile Add(const std::string& path, const std::string& text) {
    const auto number = static_cast<unsigned char>(texts_.size() + 1);
    const std::string bytes(ObjectId::kBytes, static_cast<char>(number));
    const ObjectId id = ObjectId::FromBytes(reinterpret_cast<const unsigned char*>(bytes.data()));
    texts_[id] = text;
    return {path, id, true, ""};
  }
  void Lose(const SourceFile& file) { lost_.insert(file.blob); }

  absl::StatusOr<std::shared_ptr<const SourceModule>> Module(const Language& language,
                                                             absl::string_view path,
                                                             const ObjectId& blob) override {
    const auto text = ReadBlob(blob);
    if (!text.ok()) return text.status();
    return std::make_shared<const SourceModule>(language.Cut(path, *text, &names_));
  }
  absl::StatusOr<std::string> ReadBlob(const ObjectId& blob) override {
    if (lost_.contains(blob)) return absl::NotFoundError("the clone lacks the blob");
    return texts_.at(blob);
  }
  NameTable& names() override { return names_; }

 private:
  NameTable names_;
  std::map<ObjectId, std::string> texts_;
  std::set<ObjectId> lost_;
};

class SourceTreeTest : public testing::Test {
 protected:
  std::shared_ptr<Blobs> blobs_ = std::make_shared<Blobs>();
  SourceFile module_ = blobs_->Add("go.mod", "module example.com/m\n");
  SourceFile code_ = blobs_->Add("lib/lib.go", "package lib\n");
};

TEST_F(SourceTreeTest, AConfigurationThatCannotBeReadIsAnError) {
  EXPECT_TRUE(SourceTree::Build({module_, code_}, blobs_).ok());
  blobs_->Lose(module_);
  EXPECT_TRUE(absl::IsNotFound(SourceTree::Build({module_, code_}, blobs_).status()));
}

TEST_F(SourceTreeTest, CodeThatCannotBeReadIsAnError) {
  blobs_->Lose(code_);
  EXPECT_TRUE(absl::IsNotFound(SourceTree::Build({module_, code_}, blobs_).status()));
}

// What a tree knows of its files: of each, its imports, its importers and where it is found; and
// the files of two labels.
std::string Known(const SourceTree& tree) {
  const auto paths = [&](absl::Span<const FileId> files) {
    return absl::StrJoin(files, " ",
                         [&](std::string* out, FileId f) { absl::StrAppend(out, tree.Path(f)); });
  };
  std::string known;
  for (FileId file = 0; file < tree.size(); ++file) {
    EXPECT_EQ(tree.Find(tree.Path(file)), file);
    absl::StrAppend(&known, tree.Path(file), " <- ", paths(tree.Imports(file)), "; -> ",
                    paths(tree.Importers(file)), "\n");
  }
  const TreeLayer* python = tree.LayerOf(LanguageOf("a.py"));
  for (absl::string_view label : {"tests/test_a.py::test_x", "tests.test_a.TestX.test_y"}) {
    const FileId home = python->TestFile(label);
    absl::StrAppend(&known, label, ": ", home == kNoFile ? "" : tree.Path(home), " ",
                    absl::StrJoin(python->TestNames(label, home), "."), "\n");
  }
  return known;
}

TEST_F(SourceTreeTest, ADerivedTreeIsTheOneThatIsBuiltWhetherContentOrPathsDiffer) {
  const SourceFile test = blobs_->Add("tests/test_a.py", "import lib.a\n");
  const SourceFile init = blobs_->Add("lib/__init__.py", "");
  const SourceFile a = blobs_->Add("lib/a.py", "import lib.b\n");
  const SourceFile b = blobs_->Add("lib/b.py", "x = 1\n");
  const SourceFile other_a = blobs_->Add("lib/a.py", "from . import b, c\nimport d\n");
  const SourceFile c = blobs_->Add("lib/c.py", "import lib.a\n");
  const SourceFile d = blobs_->Add("src/d.py", "");
  const std::vector<std::vector<SourceFile>> trees = {{init, a, b, test},
                                                      {init, other_a, b, test},
                                                      {init, other_a, b, c, test},
                                                      {init, a, b, c, test},
                                                      {init, other_a, b, c, d, test},
                                                      {other_a, b, c, d, test},
                                                      {d},
                                                      {a, b}};
  for (const std::vector<SourceFile>& base : trees) {
    for (const std::vector<SourceFile>& files : trees) {
      auto derived_from = SourceTree::Build(base, blobs_);
      ASSERT_TRUE(derived_from.ok()) << derived_from.status();
      const auto derived = SourceTree::Derive(**derived_from, files, blobs_);
      derived_from->reset();
      const auto built = SourceTree::Build(files, blobs_);
      ASSERT_TRUE(derived.ok() && built.ok());
      EXPECT_EQ(Known(**derived), Known(**built));
      EXPECT_EQ((*derived)->Find("lib/none.py"), kNoFile);
    }
  }
}

}  // namespace
}  // namespace testselect
