#include "tests/load/null_server.h"

#include <grpcpp/grpcpp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "testselect/v1/selection.grpc.pb.h"

namespace testselect::load {
namespace {

enum Form { kPacked = 0, kDigest = 1, kStrings = 2 };

size_t CutAtLineFeeds(absl::string_view packed, std::vector<absl::string_view>* labels) {
  labels->clear();
  const char* at = packed.data();
  const char* const end = at + packed.size();
  while (at < end) {
    const char* stop = static_cast<const char*>(std::memchr(at, '\n', end - at));
    if (stop == nullptr) stop = end;
    labels->emplace_back(at, stop - at);
    at = stop + 1;
  }
  return labels->size();
}

class NullService final : public v1::TestSelectionService::CallbackService {
 public:
  explicit NullService(std::vector<v1::SelectTestsResponse> answers)
      : answers_(std::move(answers)) {}

  grpc::ServerUnaryReactor* SelectTests(grpc::CallbackServerContext* context,
                                        const v1::SelectTestsRequest* request,
                                        v1::SelectTestsResponse* response) override {
    thread_local std::vector<absl::string_view> labels;
    const v1::LabelList& list = request->requested();
    const Form form = !list.packed().empty()   ? kPacked
                      : !list.digest().empty() ? kDigest
                                               : kStrings;
    if (form == kPacked) CutAtLineFeeds(list.packed(), &labels);
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    if (form < static_cast<int>(answers_.size())) {
      *response = answers_[form];
      reactor->Finish(grpc::Status::OK);
    } else {
      reactor->Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "no answer of that form"));
    }
    return reactor;
  }

 private:
  const std::vector<v1::SelectTestsResponse> answers_;
};

bool ReadAll(int fd, void* to, size_t size) {
  for (char* at = static_cast<char*>(to); size > 0;) {
    const ssize_t got = read(fd, at, size);
    if (got <= 0) return false;
    at += got;
    size -= got;
  }
  return true;
}

bool WriteAll(int fd, const void* from, size_t size) {
  for (const char* at = static_cast<const char*>(from); size > 0;) {
    const ssize_t sent = write(fd, at, size);
    if (sent <= 0) return false;
    at += sent;
    size -= sent;
  }
  return true;
}

// The child: answers first, then serves until it is killed. Exit status 1 if the parent is gone.
int Serve(int from_parent, int to_parent) {
  uint32_t count = 0;
  if (!ReadAll(from_parent, &count, sizeof count)) return 1;
  std::vector<v1::SelectTestsResponse> answers(count);
  for (v1::SelectTestsResponse& answer : answers) {
    uint32_t size = 0;
    if (!ReadAll(from_parent, &size, sizeof size)) return 1;
    std::string bytes(size, '\0');
    if (!ReadAll(from_parent, bytes.data(), size) || !answer.ParseFromString(bytes)) return 1;
  }
  NullService service(std::move(answers));
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.SetMaxReceiveMessageSize(-1);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || !WriteAll(to_parent, &port, sizeof port)) return 1;
  // The pipe ends when the parent does, however it ends.
  char nothing;
  ReadAll(from_parent, &nothing, 1);
  return 0;
}

}  // namespace

absl::StatusOr<NullServer> NullServer::Fork() {
  int down[2], up[2];
  if (pipe(down) != 0 || pipe(up) != 0) return absl::InternalError("pipe failed");
  const pid_t pid = fork();
  if (pid < 0) return absl::InternalError("fork failed");
  if (pid == 0) {
    close(down[1]);
    close(up[0]);
    _exit(Serve(down[0], up[1]));
  }
  close(down[0]);
  close(up[1]);
  return NullServer(pid, down[1], up[0]);
}

NullServer::NullServer(NullServer&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      to_child_(std::exchange(other.to_child_, -1)),
      from_child_(std::exchange(other.from_child_, -1)) {}

NullServer::~NullServer() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  close(to_child_);
  close(from_child_);
}

absl::StatusOr<std::string> NullServer::Start(const std::vector<v1::SelectTestsResponse>& answers) {
  const uint32_t count = answers.size();
  bool ok = WriteAll(to_child_, &count, sizeof count);
  for (const v1::SelectTestsResponse& answer : answers) {
    const std::string bytes = answer.SerializeAsString();
    const uint32_t size = bytes.size();
    ok = ok && WriteAll(to_child_, &size, sizeof size) && WriteAll(to_child_, bytes.data(), size);
  }
  int port = 0;
  if (!ok || !ReadAll(from_child_, &port, sizeof port)) {
    return absl::InternalError("the null server did not start");
  }
  return absl::StrCat("127.0.0.1:", port);
}

}  // namespace testselect::load
