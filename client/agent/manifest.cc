#include "client/agent/manifest.h"

#include <simdjson.h>

#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "storage/model/object_id.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"
#include "storage/model/upload.h"

namespace testselect::client {
namespace {

using Element = simdjson::dom::element;

constexpr size_t kMaxReports = 100'000;  // as ingest.proto has it
constexpr char kFields[] =
    "version, repository, commit, job, flavor, shard, attempt, branch, run, isolation, "
    "environment, path_root, path_prefix, format, reports, outcomes";

absl::Status Wrong(absl::string_view field, absl::string_view value, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("manifest.", field, ": ", value, ": ", expected));
}
std::string Quoted(absl::string_view text) { return absl::StrCat("'", Shorten(text), "'"); }
// A value for a message: a text in quotes, anything else as JSON has it.
std::string Spell(Element value) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) return Quoted({text.data(), text.size()});
  return Shorten(simdjson::minify(value));
}

// Reads one manifest. `seen_` finds fields that are given twice, of which JSON readers keep one.
class ManifestReader {
 public:
  absl::StatusOr<Manifest> Read(Element root) && {
    simdjson::dom::object object;
    if (root.get(object) != simdjson::SUCCESS) {
      return absl::InvalidArgumentError("manifest: expected a JSON object");
    }
    for (const auto& member : object) {
      const std::string field(member.key);
      if (!seen_.insert(field).second) return Wrong(field, Spell(member.value), "given twice");
      TS_RETURN_IF_ERROR(Field(field, member.value));
    }
    for (const char* field : {"version", "repository", "commit"}) {
      if (!seen_.contains(field)) return Wrong(field, "missing", "expected in every manifest");
    }
    if (manifest_.reports.empty() && manifest_.outcomes.empty()) {
      return Wrong("reports", "none", "expected at least one report, or outcomes");
    }
    for (ManifestReport& report : manifest_.reports) {
      if (report.format.empty()) report.format = format_;
    }
    return std::move(manifest_);
  }

 private:
  v1::UploadHeader& header() { return manifest_.header; }

  absl::Status Field(const std::string& field, Element value) {
    if (field == "version") return Version(value);
    if (field == "repository") return Required(field, value, *header().mutable_repository());
    if (field == "commit") return Commit(value);
    if (field == "job") return Job(value);
    if (field == "flavor") return Flavor(value);
    if (field == "shard") return Shard(value);
    if (field == "attempt") return Attempt(value);
    if (field == "run") return Run(value);
    if (field == "isolation") return Isolation(value);
    if (field == "branch") return Text(field, value, *header().mutable_branch());
    if (field == "environment") return Text(field, value, *header().mutable_environment_digest());
    if (field == "path_root") return Text(field, value, *header().mutable_path_root());
    if (field == "path_prefix") return Text(field, value, *header().mutable_path_prefix());
    if (field == "format") return Text(field, value, format_);
    if (field == "reports") return Files(field, value, /*has_labels=*/true, manifest_.reports);
    if (field == "outcomes") return Files(field, value, /*has_labels=*/false, manifest_.outcomes);
    return Wrong(Shorten(field), Spell(value), absl::StrCat("no such field; known are ", kFields));
  }

  static absl::Status Text(absl::string_view field, Element value, std::string& out) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) return Wrong(field, Spell(value), "expected a text");
    if (text.find('\0') != std::string_view::npos) {
      return Wrong(field, Spell(value), "expected a text without NUL");
    }
    out.assign(text.data(), text.size());
    return absl::OkStatus();
  }

  static absl::Status Required(absl::string_view field, Element value, std::string& out) {
    TS_RETURN_IF_ERROR(Text(field, value, out));
    return out.empty() ? Wrong(field, Quoted(out), "expected a text that is not empty")
                       : absl::OkStatus();
  }

  static absl::Status Version(Element value) {
    int64_t version = 0;
    const bool known = value.get(version) == simdjson::SUCCESS && version == 1;
    return known ? absl::OkStatus() : Wrong("version", Spell(value), "expected 1");
  }

  absl::Status Commit(Element value) {
    std::string text;
    TS_RETURN_IF_ERROR(Text("commit", value, text));
    TS_ASSIGN_OR_RETURN(const ObjectId id, ObjectId::FromHex("manifest.commit", text));
    header().set_commit(id.ToHex());
    return absl::OkStatus();
  }

  absl::Status Job(Element value) {
    TS_RETURN_IF_ERROR(Required("job", value, *header().mutable_job()->mutable_name()));
    const absl::Status valid = JobKey{header().job().name(), {}}.Validate();
    return valid.ok() ? valid : Wrong("job", Spell(value), valid.message());
  }

  absl::Status Flavor(Element value) {
    simdjson::dom::object object;
    if (value.get(object) != simdjson::SUCCESS) {
      return Wrong("flavor", Spell(value), "expected an object of texts");
    }
    JobKey key{"x", {}};
    for (const auto& member : object) {
      const std::string name(member.key);
      const std::string field = absl::StrCat("flavor.", Shorten(name));
      std::string text;
      TS_RETURN_IF_ERROR(Required(field, member.value, text));
      if (!key.flavor.insert({name, text}).second) {
        return Wrong(field, Spell(member.value), "given twice");
      }
      (*header().mutable_job()->mutable_flavor())[name] = text;
    }
    const absl::Status valid = key.Validate();
    return valid.ok() ? valid : Wrong("flavor", Spell(value), valid.message());
  }

  absl::Status Shard(Element value) {
    constexpr uint32_t kMost = 10'000;
    std::string text;
    TS_RETURN_IF_ERROR(Text("shard", value, text));
    const size_t slash = text.find('/');
    uint32_t number = 0, count = 0;
    if (slash == std::string::npos || !absl::SimpleAtoi(text.substr(0, slash), &number) ||
        !absl::SimpleAtoi(text.substr(slash + 1), &count) || number < 1 || number > count ||
        count > kMost) {
      return Wrong("shard", Spell(value),
                   absl::StrCat("expected \"I/N\" with 1 <= I <= N <= ", kMost));
    }
    header().set_shard_index(number - 1);
    header().set_shard_count(count);
    return absl::OkStatus();
  }

  absl::Status Attempt(Element value) {
    int64_t attempt = 0;
    if (value.get(attempt) != simdjson::SUCCESS || attempt < 1 || attempt > 10'000) {
      return Wrong("attempt", Spell(value), "expected a number from 1 to 10000");
    }
    header().set_attempt(static_cast<uint32_t>(attempt));
    return absl::OkStatus();
  }

  absl::Status Run(Element value) {
    std::string text;
    TS_RETURN_IF_ERROR(Text("run", value, text));
    if (text != "full" && text != "subset") {
      return Wrong("run", Spell(value), "expected \"full\" or \"subset\"");
    }
    header().set_subset(text == "subset");
    return absl::OkStatus();
  }

  absl::Status Isolation(Element value) {
    std::string text;
    TS_RETURN_IF_ERROR(Text("isolation", value, text));
    if (text == "process") {
      header().set_isolation(v1::ISOLATION_PROCESS_PER_LABEL);
    } else if (text == "shared") {
      header().set_isolation(v1::ISOLATION_SHARED_PROCESS);
    } else if (text != "unknown") {
      return Wrong("isolation", Spell(value), "expected \"process\", \"shared\" or \"unknown\"");
    }
    return absl::OkStatus();
  }

  absl::Status Files(const std::string& field, Element value, bool has_labels,
                     std::vector<ManifestReport>& out) {
    simdjson::dom::array array;
    if (value.get(array) != simdjson::SUCCESS) {
      return Wrong(field, Spell(value), "expected a list of files");
    }
    for (const Element item : array) {
      const std::string place = absl::StrCat(field, "[", out.size(), "]");
      if (out.size() == kMaxReports) {
        return Wrong(place, Spell(item), absl::StrCat("at most ", kMaxReports, " are taken"));
      }
      ManifestReport& report = out.emplace_back();
      TS_RETURN_IF_ERROR(item.is_object() ? FileFields(place, item, has_labels, report)
                                          : Text(place, item, report.file));
      TS_RETURN_IF_ERROR(CheckName(place, report.file));
    }
    return absl::OkStatus();
  }

  static absl::Status FileFields(const std::string& place, Element item, bool has_labels,
                                 ManifestReport& report) {
    for (const auto& member : simdjson::dom::object(item)) {
      const std::string name(member.key);
      const std::string field = absl::StrCat(place, ".", Shorten(name));
      std::string* const target = name == "file"                  ? &report.file
                                  : name == "format"              ? &report.format
                                  : name == "label" && has_labels ? &report.label
                                                                  : nullptr;
      if (target == nullptr) {
        return Wrong(field, Spell(member.value),
                     has_labels ? "no such field; known are file, label, format"
                                : "no such field; known are file, format");
      }
      if (!target->empty()) return Wrong(field, Spell(member.value), "given twice");
      TS_RETURN_IF_ERROR(Required(field, member.value, *target));
    }
    return absl::OkStatus();
  }

  // The agent reads files of the entry's own folder, and of no other.
  absl::Status CheckName(const std::string& place, const std::string& file) {
    if (file.empty() || file == "." || file == ".." || file == kManifestName ||
        file.find('/') != std::string::npos) {
      return Wrong(place, Quoted(file), "expected the name of a file beside the manifest");
    }
    if (!files_.insert(file).second) return Wrong(place, Quoted(file), "named twice");
    return absl::OkStatus();
  }

  Manifest manifest_;
  std::string format_;
  std::set<std::string> seen_, files_;
};

}  // namespace

absl::StatusOr<Manifest> ParseManifest(absl::string_view json) {
  simdjson::dom::parser parser;
  Element root;
  const simdjson::padded_string padded(json.data(), json.size());
  const simdjson::error_code error = parser.parse(padded).get(root);
  if (error != simdjson::SUCCESS) {
    return absl::InvalidArgumentError(
        absl::StrCat("manifest: no JSON: ", simdjson::error_message(error)));
  }
  absl::StatusOr<Manifest> manifest = ManifestReader().Read(root);
  if (manifest.ok()) {
    v1::UploadHeader& header = manifest->header;
    if (header.job().name().empty()) header.mutable_job()->set_name("default");
  }
  return manifest;
}

}  // namespace testselect::client
