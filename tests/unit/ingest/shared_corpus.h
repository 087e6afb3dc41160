// The visible corpus of real reports beside the source tree, where there is one.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "server/ingest/ingestor.h"

namespace testselect {

// TESTSELECT_SHARED, else <source>/../shared. Empty where `part` of it does not exist: skip then.
std::filesystem::path SharedCorpus(const std::string& part);

// A case of corpus/formats/reports.
struct CorpusReport {
  std::string name, format, root;
  std::vector<ReportFile> files;
  // Of truth.json; -1 and "" where it does not say.
  int64_t labels = -1, pairs = -1, global_pairs = -1, outcomes = -1;
  std::string pairs_sha256;
  std::vector<std::string> paths;
};
// The files of a format of several files, or of a label, are one report: their folder.
std::vector<CorpusReport> CorpusReports(const std::filesystem::path& reports);

// A variant of corpus/formats/broken.tar.xz.
struct BrokenReport {
  std::string name, format, root, expect;
  std::filesystem::path file;
  std::vector<std::filesystem::path> originals;  // the whole reports of that name and format
};
// Unpacks `archive`, which lies beside reports/, into `folder`. Empty where tar or xz is missing.
std::vector<BrokenReport> BrokenReports(const std::filesystem::path& archive,
                                        const std::filesystem::path& folder);

// A folder as the client sends it: packed into a file below `scratch`. Other reports as they are.
ReportFile AsUploaded(ReportFile report, const std::filesystem::path& scratch);

std::string FileContent(const std::filesystem::path& file);

}  // namespace testselect
