#include "client/runners/java_recorder.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/files.h"
#include "client/process.h"
#include "client/runners/java_sources.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kAgent = "testselect-recorder.jar";
constexpr absl::string_view kListener = "testselect-listener.jar";
constexpr absl::string_view kService =
    "services/META-INF/services/org.junit.platform.launcher.TestExecutionListener";

struct Source {
  absl::string_view name, text;
};
constexpr Source kSources[] = {{"Agent.java", kJavaAgent},
                               {"ClassPatch.java", kJavaClassPatch},
                               {"Entered.java", kJavaEntered},
                               {"MethodTable.java", kJavaMethodTable},
                               {"TestListener.java", kJavaTestListener},
                               {"TestSource.java", kJavaTestSource},
                               {"TestExecutionResult.java", kJavaTestExecutionResult},
                               {"ClassSource.java", kJavaClassSource},
                               {"TestIdentifier.java", kJavaTestIdentifier},
                               {"TestExecutionListener.java", kJavaTestExecutionListener}};

// The folder of a JDK's programs, with a slash at its end; "" to look for them along PATH. A Java
// before 9 names the runtime inside of the JDK.
std::string JdkPrograms(const std::string& java_home) {
  const char* const own = getenv("JAVA_HOME");
  for (const std::string& home :
       {java_home, absl::StrCat(java_home, "/.."), std::string(own == nullptr ? "" : own)}) {
    std::error_code error;
    if (!home.empty() && fs::exists(absl::StrCat(home, "/bin/javac"), error)) {
      return absl::StrCat(home, "/bin/");
    }
  }
  return "";
}

absl::Status RunJdk(const std::string& folder, const std::vector<std::string>& words) {
  ProcessOptions options;
  options.folder = folder;
  options.out = options.err = ProcessOptions::Output::kCapture;
  const absl::StatusOr<FinishedProcess> finished = RunProcess(words, options);
  if (!finished.ok()) {
    return absl::FailedPreconditionError(absl::StrCat(words[0], ": ", finished.status().message()));
  }
  if (!finished->state.ok()) {
    return absl::FailedPreconditionError(absl::StrCat(words[0], ": ", finished->err));
  }
  return absl::OkStatus();
}

// "function 3 7" -> 3, 7
bool Numbers(absl::string_view text, std::vector<uint32_t>& numbers) {
  for (const absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    uint32_t number = 0;
    if (!absl::SimpleAtoi(word, &number)) return false;
    numbers.push_back(number);
  }
  return true;
}

}  // namespace

absl::StatusOr<JavaRecorder> BuildJavaRecorder(const RunnerSetup& setup,
                                               const std::string& java_home) {
  const std::string folder = absl::StrCat(setup.scratch, "/recorder");
  const std::string service = absl::StrCat(folder, "/", kService);
  for (const std::string& made :
       {absl::StrCat(folder, "/classes"), fs::path(service).parent_path().string()}) {
    std::error_code error;
    fs::create_directories(made, error);
    if (error) return ErrnoStatus(absl::StrCat("cannot create ", made), error.value());
  }
  const std::string programs = JdkPrograms(java_home);
  std::vector<std::string> compile = {absl::StrCat(programs, "javac"),
                                      "--release",
                                      "9",
                                      "-nowarn",
                                      "-proc:none",
                                      "-encoding",
                                      "UTF-8",
                                      "-d",
                                      "classes"};
  for (const Source& source : kSources) {
    TS_RETURN_IF_ERROR(WriteFileAtomically(absl::StrCat(folder, "/", source.name), source.text));
    compile.emplace_back(source.name);
  }
  TS_RETURN_IF_ERROR(RunJdk(folder, compile));
  // With the bootstrap loader every class sees it; agents that came first see what was compiled.
  TS_RETURN_IF_ERROR(
      WriteFileAtomically(absl::StrCat(folder, "/manifest"),
                          absl::StrCat("Premain-Class: testselect.Agent\nBoot-Class-Path: ", kAgent,
                                       "\nCan-Retransform-Classes: true\n")));
  TS_RETURN_IF_ERROR(WriteFileAtomically(service, "testselectjunit.TestListener\n"));
  const std::string jar = absl::StrCat(programs, "jar"), agent(kAgent), listener(kListener);
  TS_RETURN_IF_ERROR(
      RunJdk(folder, {jar, "cfm", agent, "manifest", "-C", "classes", "testselect"}));
  TS_RETURN_IF_ERROR(RunJdk(folder, {jar, "cf", listener, "-C", "classes", "testselectjunit", "-C",
                                     "services", "META-INF"}));
  return JavaRecorder{absl::StrCat(folder, "/", agent), absl::StrCat(folder, "/", listener)};
}

std::string WholeFilesBecause(const absl::Status& status) {
  return absl::StrCat(
      "each source file counts as executed by every test that loads a class of it, as the recorder "
      "of methods could not be compiled: ",
      status.message());
}

std::string JavaRecorderOption(const JavaRecorder& recorder) {
  return absl::StrCat("-javaagent:", recorder.agent);
}

std::vector<std::pair<std::string, std::string>> JavaRecorderVariables(const std::string& top,
                                                                       const std::string& logs) {
  return {{"TESTSELECT_JVM_TOP", top}, {"TESTSELECT_JVM_LOGS", logs}};
}

absl::StatusOr<EnteredByTests> ReadEnteredMethods(absl::string_view text) {
  EnteredByTests entered;
  EnteredClasses* classes = &entered.all;
  EnteredMethods* of = nullptr;
  if (!absl::ConsumeSuffix(&text, "end\n")) return absl::DataLossError("it has no end");
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    std::vector<uint32_t> numbers;
    if (absl::ConsumePrefix(&line, "class ")) {
      of = &(*classes)[line];
    } else if (line == "outside" || absl::ConsumePrefix(&line, "test ")) {
      classes = line == "outside" ? &entered.outside : &entered.tests[line];
      of = nullptr;
    } else if (of != nullptr && absl::ConsumePrefix(&line, "lines") && Numbers(line, numbers)) {
      for (const uint32_t number : numbers) of->lines.emplace_back(number, number);
    } else if (of != nullptr && absl::ConsumePrefix(&line, "function") && Numbers(line, numbers) &&
               numbers.size() == 2) {
      of->functions.emplace_back(numbers[0], numbers[1]);
    } else {
      return absl::DataLossError(absl::StrCat("a line of no known kind: ", line));
    }
  }
  return entered;
}

}  // namespace testselect::client
