#include "server/ingest/formats.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

std::string KnownNames() {
  return absl::StrJoin(AllReportParsers(), ", ", [](std::string* out, const ReportParser* p) {
    absl::StrAppend(out, p->name());
  });
}

}  // namespace

absl::Span<const ReportParser* const> AllReportParsers() {
  static const auto* const parsers = new std::vector<const ReportParser*>{
      TestselectEvidenceParser(),  //
      JacocoExecParser(),          //
      CoveragePySqliteParser(),    //
      SimpleCovJsonParser(),       // before coverage.py's, whose "meta" has members of its names
      CodecovLabelledParser(),     //
      CoveragePyJsonParser(),      //
      TestmonSqliteParser(),       //
      TeamscaleTestwiseParser(),   //
      SimpleCovResultsetParser(),  //
      CoberturaParser(),           //
      OpenCoverParser(),           //
      CloverParser(),              //
      JacocoXmlParser(),           //
      IstanbulJsonParser(),        //
      LlvmExportJsonParser(),      //
      GcovrJsonParser(),           //
      GcovJsonParser(),            //
      V8JsonParser(),              //
      JUnitXmlParser(),            //
      CTestXmlParser(),            //
      PytestReportLogParser(),     //
      GoTestJsonParser(),          //
      GTestJsonParser(),           //
      PytestJsonReportParser(),    //
      JestJsonParser(),            //
      MochaJsonParser(),           //
      RspecJsonParser(),           //
      LcovParser(),                //
      GoCoverTextParser(),         //
      GoCovdataParser(),           //
      PhpunitXmlParser(),          //
      DatadogCitestcovParser(),    //
      DynamicTestIndexParser(),    //
  };
  return *parsers;
}

absl::StatusOr<const ReportParser*> FindReportParser(absl::string_view name) {
  for (const ReportParser* parser : AllReportParsers()) {
    if (parser->name() == name) return parser;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("format: ", Quoted(name), " is not known; known are ", KnownNames()));
}

absl::StatusOr<const ReportParser*> DetectReportParser(ReportSource& source) {
  TS_ASSIGN_OR_RETURN(const absl::string_view head, source.Peek());
  for (const ReportParser* parser : AllReportParsers()) {
    if (parser->Recognises(head)) return parser;
  }
  if (head.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(source.name(), ": the report is empty"));
  }
  return absl::InvalidArgumentError(absl::StrCat(source.name(), ": no known format begins with ",
                                                 Quoted(head.substr(0, 40)), "; known are ",
                                                 KnownNames()));
}

}  // namespace testselect
