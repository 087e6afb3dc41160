// Uploads reports over gRPC and prints what that cost the server: one JSON object.
//
//   upload_bench --server HOST:PORT --pid PID --repository NAME --commit SHA [--job NAME]
//                [--path-root DIR] [--format NAME] REPORT...
#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "storage/model/digest.h"
#include "storage/model/status_macros.h"
#include "tests/load/process_meter.h"
#include "testselect/v1/ingest.grpc.pb.h"

namespace testselect::load {
namespace {

constexpr size_t kChunkBytes = 1 << 20;

struct Options {
  std::string server, repository, commit, job = "bench", path_root, format;
  pid_t pid = 0;
  std::vector<std::string> reports;
};

// Calls `use` with the pieces of a file, in order, until it returns false.
template <typename Use>
absl::Status ForEachPiece(const std::string& path, Use use) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  std::string piece(kChunkBytes, '\0');
  do {
    file.read(piece.data(), piece.size());
  } while (file.gcount() > 0 &&
           use(absl::string_view(piece.data(), static_cast<size_t>(file.gcount()))));
  return absl::OkStatus();
}

absl::StatusOr<v1::UploadCoverageRequest> Header(const Options& options) {
  v1::UploadCoverageRequest message;
  v1::UploadHeader* const header = message.mutable_header();
  header->set_repository(options.repository);
  header->set_commit(options.commit);
  header->mutable_job()->set_name(options.job);
  header->set_path_root(options.path_root);
  for (const std::string& path : options.reports) {
    v1::ReportHeader* const report = header->add_reports();
    report->set_name(std::filesystem::path(path).filename());
    report->set_format(options.format);
    DigestStream digest;
    uint64_t size = 0;
    TS_RETURN_IF_ERROR(ForEachPiece(path, [&](absl::string_view piece) {
      digest.Update(piece);
      size += piece.size();
      return true;
    }));
    report->set_size(size);
    report->set_digest(std::string(digest.Finish().bytes()));
  }
  return message;
}

absl::Status SendReports(const Options& options,
                         grpc::ClientWriter<v1::UploadCoverageRequest>* stream) {
  for (size_t i = 0; i < options.reports.size(); ++i) {
    uint64_t offset = 0;
    v1::UploadCoverageRequest message;
    v1::UploadChunk* const chunk = message.mutable_chunk();
    chunk->set_report(i);
    TS_RETURN_IF_ERROR(ForEachPiece(options.reports[i], [&](absl::string_view piece) {
      chunk->set_offset(offset);
      chunk->set_data(piece.data(), piece.size());
      offset += piece.size();
      return stream->Write(message);
    }));
  }
  v1::UploadCoverageRequest finish;
  finish.mutable_finish();
  stream->Write(finish);
  stream->WritesDone();
  return absl::OkStatus();
}

absl::Status Run(const Options& options) {
  TS_ASSIGN_OR_RETURN(const v1::UploadCoverageRequest header, Header(options));
  TS_ASSIGN_OR_RETURN(const CpuMeter cpu, CpuMeter::Of(options.pid));
  const auto stub = v1::CoverageIngestService::NewStub(
      grpc::CreateChannel(options.server, grpc::InsecureChannelCredentials()));
  TS_RETURN_IF_ERROR(ResetPeak(options.pid));
  TS_ASSIGN_OR_RETURN(const MemoryUse before, MemoryOf(options.pid));
  const absl::Duration cpu_before = cpu.Used();
  const absl::Time start = absl::Now();

  grpc::ClientContext context;
  v1::UploadCoverageResponse response;
  const auto stream = stub->UploadCoverage(&context, &response);
  if (stream->Write(header)) TS_RETURN_IF_ERROR(SendReports(options, stream.get()));
  const grpc::Status status = stream->Finish();
  if (!status.ok()) {
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                        absl::StrCat("UploadCoverage: ", status.error_message()));
  }
  const absl::Duration elapsed = absl::Now() - start;
  const absl::Duration used = cpu.Used() - cpu_before;
  TS_ASSIGN_OR_RETURN(const MemoryUse after, MemoryOf(options.pid));
  if (response.already_stored() || response.pairs() == 0) {
    return absl::FailedPreconditionError(absl::StrCat("nothing new was stored: ", response.pairs(),
                                                      " pairs, state ", response.state()));
  }
  uint64_t bytes = 0;
  for (const v1::ReportHeader& report : header.header().reports()) bytes += report.size();
  absl::PrintF(
      "{\"bytes\": %d, \"seconds\": %.4f, \"cpu\": %.4f, \"resident_before\": %d, "
      "\"peak_growth\": %d, \"labels\": %d, \"files\": %d, \"pairs\": %d, \"state\": \"%s\"}\n",
      bytes, absl::ToDoubleSeconds(elapsed), absl::ToDoubleSeconds(used), before.resident_bytes,
      after.peak_bytes - before.resident_bytes, response.labels(), response.files(),
      response.pairs(), response.state());
  return absl::OkStatus();
}

}  // namespace
}  // namespace testselect::load

int main(int argc, char** argv) {
  testselect::load::Options options;
  CLI::App app("Uploads reports and measures the server");
  app.add_option("--server", options.server)->required();
  app.add_option("--pid", options.pid)->required();
  app.add_option("--repository", options.repository)->required();
  app.add_option("--commit", options.commit)->required();
  app.add_option("--job", options.job);
  app.add_option("--path-root", options.path_root);
  app.add_option("--format", options.format);
  app.add_option("reports", options.reports)->required();
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = testselect::load::Run(options);
  if (!status.ok()) std::cerr << "upload_bench: " << status << "\n";
  return status.ok() ? 0 : 1;
}
