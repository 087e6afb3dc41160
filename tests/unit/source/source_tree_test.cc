// A tree says so when something it needs cannot be read.
#include "server/source/source_tree.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "absl/status/status.h"

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

}  // namespace
}  // namespace testselect
