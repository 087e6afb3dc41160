// The checks of `doctor`. Each tells what it found and what to do; none stops the others.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/cli/console.h"
#include "client/cli/options.h"
#include "client/cli/target.h"
#include "server/git/repository.h"
#include "storage/model/object_id.h"
#include "testselect/v1/index.pb.h"

namespace testselect::client {

enum class CheckState : uint8_t { kOk, kWarning, kProblem, kSkipped };

struct Finding {
  std::string name;  // of the check
  CheckState state = CheckState::kOk;
  std::string found;
  std::string todo;  // empty: nothing
};

// What the checks share; each may use what those before it found out. Not thread-safe.
struct Diagnosis {
  const CommonOptions& common;
  const DoctorOptions& options;
  Console& console;

  std::vector<Finding> findings{};
  std::string top{};  // of the checkout; empty: none
  std::shared_ptr<GitRepository> git{};
  std::optional<ObjectId> head{}, base{};
  std::optional<Target> target{};                         // of a service that answers
  std::optional<std::vector<v1::IndexedCommit>> index{};  // newest upload first
  std::string indexed{};                                  // the usable commit nearest to HEAD

  void Ok(absl::string_view name, absl::string_view found);
  void Warn(absl::string_view name, absl::string_view found, absl::string_view todo);
  void Problem(absl::string_view name, absl::string_view found, absl::string_view todo);
  void Skip(absl::string_view name, absl::string_view why);
};

// What lies in the checkout.
void CheckCheckout(Diagnosis& diagnosis);  // repository, HEAD
void CheckHistory(Diagnosis& diagnosis);   // history, base
void CheckRuleFile(Diagnosis& diagnosis);
// What the service says.
void CheckService(Diagnosis& diagnosis);  // server, token, commits
void CheckIndex(Diagnosis& diagnosis);    // index, distance
// What the runner and the reports say.
void CheckLabels(Diagnosis& diagnosis);
void CheckReports(Diagnosis& diagnosis);

std::string FindingsText(const std::vector<Finding>& findings);
// {"problems": N, "warnings": N, "checks": [{"name", "state", "found", "todo"}]}
std::string FindingsJson(const std::vector<Finding>& findings);
bool HasProblem(const std::vector<Finding>& findings);

}  // namespace testselect::client
