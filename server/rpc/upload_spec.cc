#include "server/rpc/upload_spec.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/rpc/proto_conversion.h"
#include "server/rpc/status.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"
#include "storage/model/varint.h"

namespace testselect {
namespace {

constexpr size_t kMaxTextBytes = 4096;
constexpr size_t kMaxLabelBytes = 64 << 10;

absl::Status CheckText(absl::string_view field, const std::string& text, size_t limit) {
  if (text.size() > limit) {
    return FieldError(field, text, absl::StrCat("at most ", limit, " bytes"));
  }
  if (!IsUtf8(text) || text.find('\0') != std::string::npos) {
    return FieldError(field, text, "expected UTF-8 without NUL");
  }
  return absl::OkStatus();
}

absl::StatusOr<ReportSpec> ReportFromProto(const std::string& field, const v1::ReportHeader& proto,
                                           uint64_t max_bytes) {
  TS_RETURN_IF_ERROR(CheckText(absl::StrCat(field, ".name"), proto.name(), kMaxTextBytes));
  TS_RETURN_IF_ERROR(CheckText(absl::StrCat(field, ".format"), proto.format(), 100));
  TS_RETURN_IF_ERROR(CheckText(absl::StrCat(field, ".label"), proto.label(), kMaxLabelBytes));
  if (proto.size() > max_bytes) {
    return FieldError(absl::StrCat(field, ".size"), absl::StrCat(proto.size()),
                      absl::StrCat("at most ", max_bytes, " bytes"));
  }
  const std::string digest_field = absl::StrCat(field, ".digest");
  absl::StatusOr<Digest> digest = Digest::FromBytes(digest_field, proto.digest());
  if (!digest.ok()) return WithField(digest.status(), digest_field);
  return ReportSpec{.name = proto.name(),
                    .format = proto.format(),
                    .label = proto.label(),
                    .outcomes = proto.outcomes(),
                    .size = proto.size(),
                    .digest = *digest};
}

absl::StatusOr<UploadHeader> HeaderFromProto(const v1::UploadHeader& proto) {
  UploadHeader header;
  TS_ASSIGN_OR_RETURN(header.repository,
                      RepositoryFromProto("header.repository", proto.repository()));
  TS_ASSIGN_OR_RETURN(header.commit, CommitFromProto("header.commit", proto.commit()));
  TS_ASSIGN_OR_RETURN(header.job, JobFromProto("header.job", proto.job()));
  header.shard_index = proto.shard_index();
  header.shard_count = proto.shard_count() == 0 ? 1 : proto.shard_count();
  header.attempt = proto.attempt() == 0 ? 1 : proto.attempt();
  header.completeness = proto.subset() ? Completeness::kSubset : Completeness::kFull;
  switch (proto.isolation()) {
    case v1::ISOLATION_UNSPECIFIED:
      break;
    case v1::ISOLATION_PROCESS_PER_LABEL:
      header.isolation = Isolation::kProcessPerLabel;
      break;
    case v1::ISOLATION_SHARED_PROCESS:
      header.isolation = Isolation::kSharedProcess;
      break;
    default:
      return FieldError("header.isolation", absl::StrCat(static_cast<int>(proto.isolation())),
                        "expected 0 to 2");
  }
  header.environment_digest = proto.environment_digest();
  header.branch = proto.branch();
  const absl::Status valid = header.Validate();
  if (!valid.ok()) {
    return WithField(absl::InvalidArgumentError(absl::StrCat("header: ", valid.message())),
                     "header");
  }
  return header;
}

// Digest of everything the upload's result depends on. Fields are delimited, so that different
// headers cannot give the same bytes.
std::string IdOf(const UploadSpec& spec) {
  std::string bytes = "upload 1";
  const UploadHeader& header = spec.header;
  PutBytes(&bytes, header.repository);
  PutBytes(&bytes, header.commit.bytes());
  PutBytes(&bytes, header.job.ToString());
  for (const uint64_t number :
       {uint64_t{header.shard_index}, uint64_t{header.shard_count}, uint64_t{header.attempt},
        static_cast<uint64_t>(header.completeness), static_cast<uint64_t>(header.isolation)}) {
    PutVarint(&bytes, number);
  }
  PutBytes(&bytes, header.environment_digest);
  PutBytes(&bytes, spec.paths.root);
  PutBytes(&bytes, spec.paths.prefix);
  if (!header.branch.empty()) PutBytes(&bytes, absl::StrCat("branch ", header.branch));
  for (const ReportSpec& report : spec.reports) {
    PutBytes(&bytes, report.name);
    PutBytes(&bytes, report.format);
    PutBytes(&bytes, report.label);
    PutVarint(&bytes, report.outcomes ? 1 : 0);
    PutVarint(&bytes, report.size);
    PutBytes(&bytes, report.digest.bytes());
  }
  return Digest::Of(bytes).ToHex();
}

}  // namespace

uint64_t UploadSpec::total_bytes() const {
  uint64_t total = 0;
  for (const ReportSpec& report : reports) total += report.size;
  return total;
}

std::string UploadSpec::NoteKey() const {
  return absl::StrCat(UploadNotePrefix(header.repository, header.commit), id);
}

std::string UploadNotePrefix(absl::string_view repository, const ObjectId& commit) {
  return absl::StrCat("upload/", repository, "/", commit.ToHex(), "/");
}

absl::StatusOr<UploadSpec> UploadFromProto(const v1::UploadHeader& proto,
                                           uint64_t max_report_bytes) {
  UploadSpec spec;
  TS_ASSIGN_OR_RETURN(spec.header, HeaderFromProto(proto));
  TS_RETURN_IF_ERROR(CheckText("header.path_root", proto.path_root(), kMaxTextBytes));
  TS_RETURN_IF_ERROR(CheckText("header.path_prefix", proto.path_prefix(), kMaxTextBytes));
  spec.paths = {.root = proto.path_root(), .prefix = proto.path_prefix()};
  if (proto.reports_size() < 1 || proto.reports_size() > kMaxReports) {
    return FieldError("header.reports", absl::StrCat(proto.reports_size(), " reports"),
                      absl::StrCat("expected 1 to ", kMaxReports));
  }
  spec.reports.reserve(static_cast<size_t>(proto.reports_size()));
  for (int i = 0; i < proto.reports_size(); ++i) {
    TS_ASSIGN_OR_RETURN(ReportSpec report, ReportFromProto(absl::StrCat("header.reports[", i, "]"),
                                                           proto.reports(i), max_report_bytes));
    spec.reports.push_back(std::move(report));
  }
  spec.id = IdOf(spec);
  return spec;
}

}  // namespace testselect
