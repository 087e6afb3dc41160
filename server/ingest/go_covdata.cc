// Go's binary coverage data: the covmeta and covcounters files of a GOCOVERDIR.
//
// A covmeta file belongs to a program, whose covcounters files (one for each run of it) carry its
// hash. A block covers all its lines. With -coverpkg a package is in several programs: any count
// above zero covers it. File names begin with the module path, as in the text profile. The data
// names no test: a GOCOVERDIR is one test's. Memory: the programs' counters, one bit each.
#include "server/ingest/go_covdata.h"

#include <map>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/ingest/formats.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/report_folder.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

class CoverDir {
 public:
  CoverDir(const ReportFolder& folder, EvidenceSink& sink) : folder_(folder), sink_(sink) {}

  absl::Status Parse(ContextId context) {
    for (size_t i = 0; i < folder_.paths().size(); ++i) TS_RETURN_IF_ERROR(Look(i));
    for (const auto& [hash, first] : counter_files_) {
      if (meta_files_.count(hash) > 0) continue;
      return ReportError(folder_.paths()[first], kGoCovdata, "file",
                         absl::StrCat("its covmeta.", absl::BytesToHexString(hash),
                                      " is missing: send the whole GOCOVERDIR"));
    }
    if (counter_files_.empty()) {
      sink_.Warn(absl::StrCat(folder_.name(),
                              ": go-covdata: there are no covcounters files (the program did not "
                              "end by itself?), so nothing is known about the test"));
    }
    for (const auto& [hash, i] : meta_files_) {
      TS_ASSIGN_OR_RETURN(const auto source, folder_.Open(i));
      TS_RETURN_IF_ERROR(ReadGoMeta(*source, executed_[hash], context, sink_));
    }
    return absl::OkStatus();
  }

 private:
  // Counters are read at once, of the others it is kept which is which.
  absl::Status Look(size_t i) {
    TS_ASSIGN_OR_RETURN(const auto source, folder_.Open(i));
    TS_ASSIGN_OR_RETURN(const absl::string_view head, source->Peek());
    if (absl::StartsWith(head, kGoMetaMagic)) {
      meta_files_.emplace(GoMetaHash(head), i);
      return absl::OkStatus();
    }
    std::string hash;
    TS_RETURN_IF_ERROR(ReadGoCounters(*source, &hash, &executed_));
    counter_files_.emplace(hash, i);
    return absl::OkStatus();
  }

  const ReportFolder& folder_;
  EvidenceSink& sink_;
  std::map<std::string, size_t> meta_files_, counter_files_;  // by hash, the first of each
  absl::flat_hash_map<std::string, GoExecuted> executed_;
};

class Parser : public FolderParser {
 public:
  absl::string_view name() const override { return kGoCovdata; }
  absl::string_view summary() const override {
    return "Go: a GOCOVERDIR (covmeta.*, covcounters.*), --label";
  }
  bool names_labels() const override { return false; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view head) const override {
    return absl::StartsWith(head, kGoMetaMagic) || absl::StartsWith(head, kGoCounterMagic);
  }
  absl::Status ParseFolder(const ReportFolder& folder, const ParseOptions& options,
                           EvidenceSink& sink) const override {
    TS_RETURN_IF_ERROR(RequireLabel(folder.name(), kGoCovdata, options.label));
    TS_ASSIGN_OR_RETURN(const ContextId context, sink.Context(options.label, Phase::kRun));
    return CoverDir(folder, sink).Parse(context);
  }
};

}  // namespace

const ReportParser* GoCovdataParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
