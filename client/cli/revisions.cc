#include "client/cli/revisions.h"

#include "server/git/open_repository.h"
#include "storage/model/object_id.h"

namespace testselect::client {

void ResolveRevisions(CommandLine& values) {
  const CommonOptions& common = values.common;
  const std::string folder =
      common.remote.server.empty() && !common.repo.empty() ? common.repo : ".";
  for (std::string* commit : {&values.upload.commit,
                              &values.select.base,
                              &values.select.head,
                              &values.explain.selection.base,
                              &values.explain.selection.head,
                              &values.index.commit,
                              &values.index_export.commit,
                              &values.index_import.commit,
                              &values.rules.base,
                              &values.rules.head,
                              &values.suites.base,
                              &values.suites.head,
                              &values.graph.commit,
                              &values.who.commit,
                              &values.decisions.head,
                              &values.run.select.base,
                              &values.run.select.head,
                              &values.watch.run.select.base,
                              &values.watch.run.select.head,
                              &values.affected.selection.base,
                              &values.affected.selection.head,
                              &values.label_analysis.base,
                              &values.label_analysis.head,
                              &values.ci.select.base,
                              &values.ci.select.head}) {
    if (commit->empty() || ObjectId::FromHex("", *commit).ok()) continue;
    if (const auto id = ResolveRevision(folder, *commit); id.ok()) *commit = id->ToHex();
  }
}

}  // namespace testselect::client
