// The parsers, one function per format. formats.cc lists them in the order of detection.
#pragma once

#include "server/ingest/report_parser.h"

namespace testselect {

// Each returns the one object of its class, which lives for ever.
const ReportParser* CoveragePySqliteParser();
const ReportParser* CoveragePyJsonParser();
const ReportParser* CodecovLabelledParser();
const ReportParser* TestmonSqliteParser();
const ReportParser* TeamscaleTestwiseParser();
const ReportParser* SimpleCovResultsetParser();
const ReportParser* SimpleCovJsonParser();
const ReportParser* CoberturaParser();
const ReportParser* CloverParser();
const ReportParser* JacocoXmlParser();
const ReportParser* JacocoExecParser();
const ReportParser* OpenCoverParser();
const ReportParser* IstanbulJsonParser();
const ReportParser* LlvmExportJsonParser();
const ReportParser* GcovrJsonParser();
const ReportParser* GcovJsonParser();
const ReportParser* V8JsonParser();
const ReportParser* JUnitXmlParser();
const ReportParser* CTestXmlParser();
const ReportParser* PytestReportLogParser();
const ReportParser* GoTestJsonParser();
const ReportParser* GTestJsonParser();
const ReportParser* PytestJsonReportParser();
const ReportParser* JestJsonParser();
const ReportParser* MochaJsonParser();
const ReportParser* RspecJsonParser();
const ReportParser* LcovParser();
const ReportParser* GoCoverTextParser();
const ReportParser* GoCovdataParser();
const ReportParser* PhpunitXmlParser();
const ReportParser* DatadogCitestcovParser();
const ReportParser* TestselectEvidenceParser();
const ReportParser* DynamicTestIndexParser();

}  // namespace testselect
