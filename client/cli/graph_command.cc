#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/json_writer.h"
#include "client/cli/service_call.h"
#include "client/cli/structure_commands.h"
#include "testselect/v1/structure.grpc.pb.h"

namespace testselect::client {
namespace {

absl::StatusOr<v1::GetGraphResponse> Ask(const CommonOptions& common, const GraphOptions& options,
                                         Console& console) {
  TS_RETURN_IF_ERROR(CheckRepository(common));
  v1::GetGraphRequest request;
  TS_ASSIGN_OR_RETURN(*request.mutable_commit(), CommitToAsk(common, options.commit));
  for (const std::string& path : options.paths) request.add_paths(path);
  return CallService<v1::StructureService, v1::GetGraphResponse>(
      common, console, "reading the graph", request, &v1::StructureService::Stub::GetGraph);
}

std::string GraphJson(const v1::GetGraphResponse& graph) {
  JsonWriter json;
  json.BeginObject().Key("files").BeginArray();
  for (const v1::GraphFile& file : graph.files()) {
    json.BeginObject().Key("path").String(file.path()).Key("language").String(file.language());
    json.Key("imports").BeginArray();
    for (const std::string& path : file.imports()) json.String(path);
    json.EndArray().EndObject();
  }
  json.EndArray().EndObject();
  return std::move(json).Finish();
}

// Strings of DOT are quoted as those of JSON are.
std::string GraphDot(const v1::GetGraphResponse& graph) {
  std::string text = "digraph imports {\n  node [shape=box];\n";
  for (const v1::GraphFile& file : graph.files()) {
    text += "  ";
    AppendJsonString(file.path(), text);
    text += ";\n";
    for (const std::string& path : file.imports()) {
      text += "  ";
      AppendJsonString(file.path(), text);
      text += " -> ";
      AppendJsonString(path, text);
      text += ";\n";
    }
  }
  return text + "}\n";
}

}  // namespace

ExitCode RunGraph(const CommonOptions& common, const GraphOptions& options, Console& console) {
  const auto graph = Ask(common, options, console);
  if (!graph.ok()) return console.Fail(graph.status());
  const absl::Status printed =
      console.Print(options.format == "dot" ? GraphDot(*graph) : GraphJson(*graph));
  return printed.ok() ? ExitCode::kAnswered : console.Fail(printed);
}

}  // namespace testselect::client
