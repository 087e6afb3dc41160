// Runner classes in Python: module, class and params of a runner in codecov.yml.
#include <fcntl.h>
#include <simdjson.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "client/codecov/label_host.h"
#include "client/codecov/label_runner.h"
#include "client/codecov/python_host.h"
#include "client/files.h"
#include "storage/model/status_macros.h"

extern char** environ;

namespace testselect::client {
namespace {

// A file descriptor, closed with the object.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { Close(); }
  void Close() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

struct Pipe {
  Descriptor read, write;
};

absl::StatusOr<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus("cannot make a pipe", errno);
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

absl::StatusOr<std::string> ReadToEnd(int fd) {
  std::string text;
  char buffer[1 << 16];
  while (true) {
    const ssize_t got = read(fd, buffer, sizeof(buffer));
    if (got == 0) return text;
    if (got > 0) text.append(buffer, static_cast<size_t>(got));
    if (got < 0 && errno != EINTR) return ErrnoStatus("cannot read the runner's labels", errno);
  }
}

// The host process with one runner object in it, from collecting to processing.
class ClassHost {
 public:
  ~ClassHost() {
    to_host_.Close();  // nothing to process: it ends
    if (pid_ > 0) Wait();
  }

  // The numbers that the host knows its two ends by.
  static constexpr int kSource = 3, kSink = 4;

  absl::Status Start(std::vector<std::string> words) {
    TS_ASSIGN_OR_RETURN(Pipe down, MakePipe());
    TS_ASSIGN_OR_RETURN(Pipe up, MakePipe());
    // Moved above both numbers first: dup2 onto itself would leave an end closed in the host.
    const Descriptor source(fcntl(down.read.get(), F_DUPFD_CLOEXEC, kSink + 1));
    const Descriptor sink(fcntl(up.write.get(), F_DUPFD_CLOEXEC, kSink + 1));
    if (source.get() < 0 || sink.get() < 0) return ErrnoStatus("cannot keep a pipe", errno);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const absl::Cleanup destroy = [&] { posix_spawn_file_actions_destroy(&actions); };
    posix_spawn_file_actions_adddup2(&actions, source.get(), kSource);
    posix_spawn_file_actions_adddup2(&actions, sink.get(), kSink);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const int error = posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
    if (error != 0) {
      pid_ = -1;
      return ErrnoStatus(absl::StrCat("cannot start ", words[0]), error);
    }
    to_host_ = std::move(down.write);
    from_host_ = std::move(up.read);
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Collected() { return ReadToEnd(from_host_.get()); }

  absl::Status Send(absl::string_view result) {
    const absl::Status sent = WriteAll(to_host_.get(), result, "the runner");
    to_host_.Close();
    return sent;
  }

  ExitState Wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFSIGNALED(status) ? ExitState{.code = 0, .signal = WTERMSIG(status)}
                               : ExitState{.code = WEXITSTATUS(status), .signal = 0};
  }

 private:
  pid_t pid_ = -1;
  Descriptor to_host_, from_host_;
};

absl::StatusOr<std::vector<std::string>> Texts(simdjson::dom::element object, const char* key) {
  std::vector<std::string> texts;
  simdjson::dom::array array;
  if (object[key].get(array) != simdjson::SUCCESS) {
    return absl::InternalError("the runner's labels are no list");
  }
  for (const simdjson::dom::element element : array) {
    std::string_view text;
    if (element.get(text) != simdjson::SUCCESS) {
      return absl::InternalError("a label of the runner is no text");
    }
    texts.emplace_back(text);
  }
  return texts;
}

class PythonClassRunner : public LabelRunner {
 public:
  PythonClassRunner(std::string name, std::vector<std::string> words)
      : name_(std::move(name)), words_(std::move(words)) {}

  absl::StatusOr<std::vector<std::string>> CollectTests() override {
    TS_RETURN_IF_ERROR(host_.Start(words_));
    TS_ASSIGN_OR_RETURN(const std::string json, host_.Collected());
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (parser.parse(json).get(root) != simdjson::SUCCESS) {
      return absl::InvalidArgumentError(
          absl::StrCat("runner ", name_, ": collecting ended with ", host_.Wait().ToString()));
    }
    TS_ASSIGN_OR_RETURN(options_, Texts(root, "options"));
    return Texts(root, "labels");
  }

  std::vector<std::string> DryRunOptions() const override { return options_; }

  absl::Status Process(const LabelResult& result) override {
    const absl::Status sent = host_.Send(ResultJson(result));
    const ExitState state = host_.Wait();
    if (!state.ok()) {
      return absl::FailedPreconditionError(
          absl::StrCat("runner ", name_, ": ended with ", state.ToString()));
    }
    return sent;
  }

 private:
  const std::string name_;
  const std::vector<std::string> words_;
  ClassHost host_;
  std::vector<std::string> options_;
};

// `more` over the object in `params`, as JSON.
absl::StatusOr<std::string> MergedParams(const std::string& name, const std::string& params,
                                         const RunnerParams& more) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(params).get(object) != simdjson::SUCCESS) {
    return absl::InvalidArgumentError(
        absl::StrCat("codecov.yml: cli.runners.", name, ".params: expected a map"));
  }
  RunnerParams merged = more;
  for (const auto& [key, value] : object) {
    merged.try_emplace(std::string(key), RunnerParam{.kind = RunnerParam::Kind::kOther,
                                                     .json = std::string(simdjson::minify(value))});
  }
  return ParamsJson(merged);
}

}  // namespace

absl::StatusOr<std::unique_ptr<LabelRunner>> NewPythonClassRunner(const std::string& name,
                                                                  RunnerParams config,
                                                                  const RunnerParams& dynamic) {
  for (const char* key : {"module", "class"}) {
    if (TextOf(config, key, "").empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("codecov.yml: cli.runners.", name, ".", key, " is missing"));
    }
  }
  const RunnerParam& params = config["params"];
  TS_ASSIGN_OR_RETURN(
      const std::string json,
      MergedParams(name, params.kind == RunnerParam::Kind::kNull ? "{}" : params.json, dynamic));
  return std::make_unique<PythonClassRunner>(
      name, std::vector<std::string>{
                FindPython(TextOf(config, "python_path", "")), "-c", kLabelHost, "class",
                TextOf(config, "module", ""), TextOf(config, "class", ""), json,
                absl::StrCat(ClassHost::kSource), absl::StrCat(ClassHost::kSink)});
}

}  // namespace testselect::client
