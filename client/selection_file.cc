#include "client/selection_file.h"

#include <simdjson.h>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

using Element = simdjson::dom::element;

absl::Status Malformed(absl::string_view name, absl::string_view field, absl::string_view wanted) {
  return absl::InvalidArgumentError(
      absl::StrCat(name, ": ", field, ": ", wanted,
                   "; give a selection's id, or a file that `testselect select --format json` "
                   "wrote"));
}

absl::StatusOr<std::string> Text(absl::string_view name, Element object, const char* field) {
  std::string_view text;
  if (object[field].get(text) != simdjson::SUCCESS) {
    return Malformed(name, field, "expected a text");
  }
  return std::string(text);
}

absl::StatusOr<std::vector<std::string>> Texts(absl::string_view name, Element object,
                                               const char* field) {
  simdjson::dom::array array;
  if (object[field].get(array) != simdjson::SUCCESS) {
    return Malformed(name, field, "expected a list");
  }
  std::vector<std::string> texts;
  for (const Element element : array) {
    std::string_view text;
    if (element.get(text) != simdjson::SUCCESS) {
      return Malformed(name, field, "expected a list of texts");
    }
    texts.emplace_back(text);
  }
  return texts;
}

// Everything ran, and the shadow says what a selection would have left out.
absl::Status ApplyShadow(absl::string_view name, Element shadow, SelectionFile* file) {
  TS_ASSIGN_OR_RETURN(file->skip, Texts(name, shadow, "skip"));
  const absl::flat_hash_set<std::string> skipped(file->skip.begin(), file->skip.end());
  std::vector<std::string> run;
  for (std::string& label : file->run) {
    if (!skipped.contains(label)) run.push_back(std::move(label));
  }
  file->run = std::move(run);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SelectionFile> ReadSelectionFile(absl::string_view name, absl::string_view json) {
  simdjson::dom::parser parser;
  Element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS || !root.is_object()) {
    return Malformed(name, "the file", "expected a JSON object");
  }
  SelectionFile file;
  TS_ASSIGN_OR_RETURN(file.selection_id, Text(name, root, "selection_id"));
  TS_ASSIGN_OR_RETURN(file.base, Text(name, root, "base"));
  TS_ASSIGN_OR_RETURN(file.head, Text(name, root, "head"));
  TS_ASSIGN_OR_RETURN(file.run, Texts(name, root, "run"));
  TS_ASSIGN_OR_RETURN(file.skip, Texts(name, root, "skip"));
  file.told = file.run;
  double seconds = 0;
  if (root["seconds"]["run"].get(seconds) == simdjson::SUCCESS) file.run_seconds = seconds;
  for (const char* rest : {"other_shards", "over_budget"}) {
    simdjson::dom::array left_out;
    file.is_part |= root[rest].get(left_out) == simdjson::SUCCESS && left_out.size() > 0;
  }
  simdjson::dom::array index;
  if (root["index"].get(index) == simdjson::SUCCESS) {
    for (const Element use : index) {
      TS_ASSIGN_OR_RETURN(std::string job, Text(name, use, "job"));
      file.jobs.push_back(std::move(job));
    }
  }
  Element shadow;
  if (root["shadow"].get(shadow) == simdjson::SUCCESS) {
    TS_RETURN_IF_ERROR(ApplyShadow(name, shadow, &file));
  }
  return file;
}

}  // namespace testselect::client
