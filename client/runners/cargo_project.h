// What cargo and cargo-nextest say of a workspace, and how tests are named to them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace testselect::client {

// What the user gave behind "--".
struct CargoArguments {
  std::vector<std::string> options;  // for cargo test, or cargo nextest run
  std::vector<std::string> listing;  // nextest: those of them that `list` takes, too
  std::vector<std::string> choice;   // nextest: the -E of the user's own, which a list replaces
  std::vector<std::string> program;  // behind a further "--": for the test programs
  std::string target;                // --target
  bool goes_on = false;              // --no-fail-fast
};
// kInvalidArgument naming what chooses tests in a way that a list cannot keep to.
absl::StatusOr<CargoArguments> ParseCargoArguments(bool nextest,
                                                   absl::Span<const std::string> arguments);

struct CargoProgram {
  std::string file;
  std::string id;  // as nextest has it: "tally", "tally::whole" for tests/whole.rs
};

struct CargoPackages {
  std::map<std::string, std::string> names;  // by the manifest's path
  std::string target_folder;
  std::string workspace;  // its top folder
};
// Of what `cargo metadata --no-deps` prints. kFailedPrecondition where it is something else.
absl::StatusOr<CargoPackages> ParseCargoMetadata(absl::string_view json);

struct CargoPrograms {
  std::vector<CargoProgram> tests;
  std::vector<std::string> others;  // that tests may start
};
// Of what `cargo test --no-run --message-format=json...` prints.
absl::StatusOr<CargoPrograms> ParseCargoArtifacts(absl::string_view lines,
                                                  const CargoPackages& packages);

struct NextestTests {
  CargoPrograms programs;
  struct Test {
    std::string program_id, name;
  };
  std::vector<Test> tests;  // that would run
};
// Of what `cargo nextest list --message-format json` prints.
absl::StatusOr<NextestTests> ParseNextestList(absl::string_view json);

// The names that libtest lists, one "NAME: test" a line. Nothing where there is any other line:
// then the program has a harness of its own.
std::optional<std::vector<std::string>> ParseTerseList(absl::string_view lines);

// A label: "tally::whole multiplies", as nextest prints it.
std::string CargoLabel(absl::string_view program_id, absl::string_view test);

// Expressions for `-E`, each of at most `limit` bytes where one test fits in, that together name
// exactly `labels`.
std::vector<std::string> NextestExpressions(absl::Span<const std::string> labels, size_t limit);

}  // namespace testselect::client
