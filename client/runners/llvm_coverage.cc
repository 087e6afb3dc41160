#include "client/runners/llvm_coverage.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/files.h"
#include "client/process.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<std::string> OutputOf(const std::vector<std::string>& words) {
  ProcessOptions options;
  options.out = options.err = ProcessOptions::Output::kCapture;
  TS_ASSIGN_OR_RETURN(FinishedProcess finished, RunProcess(words, options));
  if (!finished.state.ok()) {
    return absl::FailedPreconditionError(absl::StrCat(
        words[0], " ended with ", finished.state.ToString(), ": ", Shorten(finished.err, 500)));
  }
  return std::move(finished.out);
}

// Of the report, the executed lines of files below `top`: what was not executed is most of it.
std::string ExecutedOnly(absl::string_view lcov, const std::string& top) {
  std::string text;
  bool inside = false;
  for (const absl::string_view line : absl::StrSplit(lcov, '\n')) {
    absl::string_view rest = line;
    if (absl::ConsumePrefix(&rest, "SF:")) {
      inside = absl::StartsWith(rest, absl::StrCat(top, "/"));
      if (inside) absl::StrAppend(&text, "TN:\n", line, "\n");
    } else if (inside && absl::StartsWith(line, "DA:") && !absl::EndsWith(line, ",0")) {
      absl::StrAppend(&text, line, "\n");
    } else if (inside && line == "end_of_record") {
      absl::StrAppend(&text, line, "\n");
    }
  }
  return text;
}

}  // namespace

absl::StatusOr<std::optional<LlvmTools>> FindRustLlvmTools(const std::string& folder) {
  ProcessOptions options;
  options.folder = folder;
  options.out = options.err = ProcessOptions::Output::kCapture;
  TS_ASSIGN_OR_RETURN(const FinishedProcess finished,
                      RunProcess({"rustc", "--print", "target-libdir"}, options));
  const fs::path bin =
      fs::path(std::string(absl::StripAsciiWhitespace(finished.out))).parent_path() / "bin";
  LlvmTools tools = {(bin / "llvm-profdata").string(), (bin / "llvm-cov").string()};
  std::error_code error;
  if (!finished.state.ok() || !fs::exists(tools.profdata, error) || !fs::exists(tools.cov, error)) {
    return std::nullopt;
  }
  return tools;
}

absl::StatusOr<bool> LlvmCountersToLcov(const LlvmTools& tools,
                                        const std::vector<std::string>& counters,
                                        const std::vector<std::string>& programs,
                                        const std::string& top, const std::string& spool,
                                        const std::string& report) {
  if (counters.empty()) return false;
  const std::string merged = absl::StrCat(spool, "/merged.profdata");
  const std::string names = absl::StrCat(spool, "/counters");
  TS_RETURN_IF_ERROR(WriteFileAtomically(names, absl::StrJoin(counters, "\n")));
  TS_RETURN_IF_ERROR(OutputOf({tools.profdata, "merge", "-sparse",
                               absl::StrCat("--input-files=", names), "-o", merged})
                         .status());
  std::vector<std::string> words = {tools.cov, "export", "--format=lcov",
                                    absl::StrCat("--instr-profile=", merged), programs[0]};
  for (size_t i = 1; i < programs.size(); ++i) {
    words.push_back(absl::StrCat("--object=", programs[i]));
  }
  TS_ASSIGN_OR_RETURN(const std::string lcov, OutputOf(words));
  TS_RETURN_IF_ERROR(WriteFileAtomically(report, ExecutedOnly(lcov, top)));
  return true;
}

}  // namespace testselect::client
