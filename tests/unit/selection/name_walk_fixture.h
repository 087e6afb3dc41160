// Names followed through small projects: files, evidence by lines that hold a text, an edit.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "tests/unit/selection/selection_fixture.h"

namespace testselect {

// A project, its evidence by lines that hold a text, an edit, and who runs.
class NameWalkTest : public SelectionTest {
 protected:
  void File(const std::string& path, const std::string& text) {
    files_[path] = text;
    git_.Write(path, text);
  }
  // `label` executed every line of `path` that holds one of `marks`.
  void Ran(const std::string& label, const std::string& path, const std::vector<std::string>& marks,
           Phase phase = Phase::kRun) {
    spec_.executed.push_back({label, path, LinesWith(path, marks), phase});
  }
  void Imported(const std::string& path, const std::vector<std::string>& marks) {
    for (uint32_t line : LinesWith(path, marks)) spec_.global[path].push_back(line);
  }
  void Edit(const std::string& path, const std::string& from, const std::string& to) {
    ASSERT_TRUE(absl::StrContains(files_[path], from)) << path << ": " << from;
    edits_.emplace_back(path, absl::StrReplaceAll(files_[path], {{from, to}}));
  }
  std::vector<std::string> Selected() {
    spec_.commit = git_.Commit("base");
    Upload(spec_);
    for (const auto& [path, text] : edits_) git_.Write(path, text);
    head_ = git_.Commit("head");
    selection_ = SelectBy(granularity_);
    EXPECT_FALSE(selection_->fallback.has_value()) << selection_->fallback->message;
    ExpectWiderAndWider();
    return Run(*selection_);
  }
  std::shared_ptr<const Selection> SelectBy(Granularity granularity) {
    SelectionRequest request = Request(spec_.commit, head_, Labels());
    request.granularity = granularity;
    return Select(request);
  }
  // Whatever the change: statements select no more than bodies, and files and folders no less. Of
  // a canary's test file another label may run instead.
  void ExpectWiderAndWider() {
    const auto by_body = SelectBy(Granularity::kFunction);
    ExpectContains(*by_body, *SelectBy(Granularity::kLine), "LINE in FUNCTION");
    ExpectContains(*SelectBy(Granularity::kFile), *by_body, "FUNCTION in FILE");
    ExpectContains(*SelectBy(Granularity::kPackage), *by_body, "FUNCTION in PACKAGE");
  }
  void ExpectContains(const Selection& wide, const Selection& narrow, const std::string& which) {
    const std::vector<std::string> all = Run(wide);
    for (const std::string& label : Run(narrow)) {
      const std::string file = label.substr(0, label.find("::") + 2);
      const auto same = [&](const std::string& other) {
        return Reason(narrow, ReasonCode::kCanary) > 0 ? absl::StartsWith(other, file)
                                                       : other == label;
      };
      EXPECT_TRUE(std::any_of(all.begin(), all.end(), same)) << which << ": " << label;
    }
  }
  uint64_t Count(ReasonCode code) const { return Reason(*selection_, code); }

  std::vector<std::string> Labels() const {
    std::vector<std::string> labels;
    for (const Executed& e : spec_.executed) {
      if (std::find(labels.begin(), labels.end(), e.label) == labels.end()) {
        labels.push_back(e.label);
      }
    }
    return labels;
  }
  std::vector<uint32_t> LinesWith(const std::string& path, const std::vector<std::string>& marks) {
    std::vector<uint32_t> lines;
    uint32_t number = 0;
    for (const std::string& line : std::vector<std::string>(absl::StrSplit(files_[path], '\n'))) {
      ++number;
      for (const std::string& mark : marks) {
        if (absl::StrContains(line, mark)) lines.push_back(number);
      }
    }
    EXPECT_GE(lines.size(), marks.size()) << path;
    return lines;
  }

  std::map<std::string, std::string> files_;
  std::vector<std::pair<std::string, std::string>> edits_;
  Granularity granularity_ = Granularity::kFunction;
  UploadSpec spec_;
  ObjectId head_;
  std::shared_ptr<const Selection> selection_;
};

}  // namespace testselect
