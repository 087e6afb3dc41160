#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/commands.h"
#include "client/cli/json_writer.h"
#include "client/cli/local_changes.h"
#include "client/cli/number_text.h"
#include "client/cli/selection_call.h"
#include "client/cli/service_call.h"
#include "testselect/v1/structure.grpc.pb.h"

namespace testselect::client {
namespace {

using Paths = std::set<std::string>;

struct Affected {
  SelectionAnswer answer;
  Paths changed;  // by either name
  Paths modules;  // of base or head: those that changed, and what reaches them through imports
  Paths tests;    // the files of the tests that must run; a label that names no file stands alone
};

using Graphs = std::vector<v1::GetGraphResponse>;

// What `changed` can affect by imports, itself included. A file that is gone, or lies elsewhere
// now, is in the graph of base alone.
Paths ModulesThatReach(const Graphs& graphs, const Paths& changed) {
  std::map<std::string, std::vector<const v1::GraphFile*>> importers;
  Paths reached;
  std::deque<std::string> open;
  for (const v1::GetGraphResponse& graph : graphs) {
    for (const v1::GraphFile& file : graph.files()) {
      for (const std::string& path : file.imports()) importers[path].push_back(&file);
      if (changed.contains(file.path()) && reached.insert(file.path()).second) {
        open.push_back(file.path());
      }
    }
  }
  for (; !open.empty(); open.pop_front()) {
    for (const v1::GraphFile* file : importers[open.front()]) {
      if (reached.insert(file->path()).second) open.push_back(file->path());
    }
  }
  return reached;
}

Paths TestFiles(const SelectionAnswer& answer, const Paths& files) {
  Paths tests;
  for (const uint32_t n : answer.run) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(answer.labels[n], absl::MaxSplits("::", 1));
    tests.insert(files.contains(parts.first) ? parts.first : std::string(answer.labels[n]));
  }
  return tests;
}

absl::StatusOr<Affected> Find(const CommonOptions& common, const SelectOptions& options,
                              Console& console) {
  Affected affected;
  const LabelSource all_known = [] { return std::optional<RequestedLabels>(); };
  TS_ASSIGN_OR_RETURN(affected.answer, AskForSelection(common, options, all_known, console));
  TS_ASSIGN_OR_RETURN(const LocalChanges changes,
                      ReadLocalChanges(common, affected.answer.base, affected.answer.head));
  affected.changed = changes.changed;
  Graphs graphs;
  for (const std::string& commit : {affected.answer.base, affected.answer.head}) {
    v1::GetGraphRequest request;
    request.set_commit(commit);
    TS_ASSIGN_OR_RETURN(
        graphs.emplace_back(),
        (CallService<v1::StructureService, v1::GetGraphResponse>(
            common, console, "reading the graph", request, &v1::StructureService::Stub::GetGraph)));
  }
  affected.modules = ModulesThatReach(graphs, affected.changed);
  affected.tests = TestFiles(affected.answer, changes.files);
  return affected;
}

void WriteList(const char* key, const Paths& paths, JsonWriter& json) {
  json.Key(key).BeginArray();
  for (const std::string& path : paths) json.String(path);
  json.EndArray();
}

std::string AffectedJson(const Affected& affected) {
  JsonWriter json;
  json.BeginObject();
  WriteList("changed", affected.changed, json);
  WriteList("affected_modules", affected.modules, json);
  WriteList("tests", affected.tests, json);
  json.Key("labels").Number(uint64_t{affected.answer.run.size()}).Key("fallback");
  if (affected.answer.fallback.has_value()) {
    json.String(affected.answer.fallback->code);
  } else {
    json.Null();
  }
  json.EndObject();
  return std::move(json).Finish();
}

std::string AffectedText(const Affected& affected) {
  std::string text;
  const auto list = [&](const char* title, const Paths& paths) {
    absl::StrAppend(&text, title, " (", CountText(paths.size()), "):\n");
    for (const std::string& path : paths) absl::StrAppend(&text, "  ", path, "\n");
  };
  list("changed files", affected.changed);
  list("affected modules", affected.modules);
  list("tests that must run, by file", affected.tests);
  return text;
}

}  // namespace

ExitCode RunAffected(const CommonOptions& common, const AffectedOptions& options,
                     Console& console) {
  const auto affected = Find(common, options.selection, console);
  if (!affected.ok()) return console.Fail(affected.status());
  TellSelection(affected->answer, options.selection, console);
  const absl::Status printed =
      console.Print(common.json ? AffectedJson(*affected) : AffectedText(*affected));
  return printed.ok() ? ExitCode::kAnswered : console.Fail(printed);
}

}  // namespace testselect::client
