#include "server/ingest/report_folder.h"

#include "storage/model/status_macros.h"

namespace testselect {
namespace {

class FolderOfOne : public ReportFolder {
 public:
  FolderOfOne(std::string file, const std::string& name) : file_(std::move(file)), paths_{name} {}
  const std::vector<std::string>& paths() const override { return paths_; }
  const std::string& name() const override { return paths_[0]; }
  absl::StatusOr<std::unique_ptr<ReportSource>> Open(size_t) const override {
    return OpenReportFile(file_, name(), "", UINT64_MAX);  // the source's own limit held
  }

 private:
  const std::string file_;
  const std::vector<std::string> paths_;
};

}  // namespace

absl::Status FolderParser::Parse(ReportSource& source, const ParseOptions& options,
                                 EvidenceSink& sink) const {
  TS_ASSIGN_OR_RETURN(const std::string path, source.path());
  return ParseFolder(FolderOfOne(path, source.name()), options, sink);
}

}  // namespace testselect
