#include "client/cli/commands.h"
#include "client/cli/doctor.h"

namespace testselect::client {

ExitCode RunDoctor(const CommonOptions& common, const DoctorOptions& options, Console& console) {
  Diagnosis diagnosis{common, options, console};
  // In this order: the later ones use what the earlier ones found.
  for (const auto check : {CheckCheckout, CheckHistory, CheckRuleFile, CheckService, CheckIndex,
                           CheckLabels, CheckReports}) {
    check(diagnosis);
  }
  const absl::Status printed = console.Print(common.json ? FindingsJson(diagnosis.findings)
                                                         : FindingsText(diagnosis.findings));
  if (!printed.ok()) return console.Fail(printed);
  return HasProblem(diagnosis.findings) ? ExitCode::kFinding : ExitCode::kAnswered;
}

}  // namespace testselect::client
