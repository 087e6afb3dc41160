#include "client/cli/evaluation_page.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/evaluation_output.h"
#include "client/cli/number_text.h"
#include "client/cli/svg_plot.h"
#include "client/selection_answer.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

constexpr char kHead[] = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Test selection, evaluated</title>
<style>
:root { color-scheme: light dark; --back: #ffffff; --text: #1b1f24; --soft: #57606a; --line: #d0d7de;
  --panel: #f6f8fa; --good: #1a7f37; --bad: #cf222e; --ratio: #0969da; --flaky: #9a6700; }
@media (prefers-color-scheme: dark) {
  :root { --back: #0d1117; --text: #e6edf3; --soft: #9198a1; --line: #3d444d; --panel: #161b22;
    --good: #3fb950; --bad: #f85149; --ratio: #58a6ff; --flaky: #d29922; } }
body { background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif;
  margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; } h3 { font-size: 1rem; }
code, li { font-family: ui-monospace, monospace; font-size: 0.9em; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; } .wide { overflow-x: auto; }
th, td { border-bottom: 1px solid var(--line); padding: 0.35rem 0.6rem; text-align: right; }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 600; }
.plots { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); }
figure { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; margin: 0;
  padding: 0.8rem; }
figcaption { font-weight: 600; margin-bottom: 0.4rem; }
svg { display: block; width: 100%; } svg text { fill: var(--soft); font-size: 11px; }
.grid { stroke: var(--line); stroke-width: 1; }
rect.saved { fill: var(--good); } rect.missed { fill: var(--bad); }
polyline.ratio { fill: none; stroke: var(--ratio); stroke-width: 2; } circle.ratio { fill: var(--ratio); }
.bad { color: var(--bad); } .good { color: var(--good); } .flaky { color: var(--flaky); }
.none, .note { color: var(--soft); }
</style>
</head>
<body>
<h1>Test selection, evaluated</h1>
)";

using Labels = google::protobuf::RepeatedPtrField<std::string>;

std::string Count(uint64_t count) { return CountText(count); }

std::string Ratio(const v1::EvaluationCounts& counts) {
  return ShareText(static_cast<double>(counts.predicted()), static_cast<double>(counts.labels()));
}

void AppendList(absl::string_view heading, absl::string_view css_class, const Labels& labels,
                uint64_t all, std::string* html) {
  if (all == 0) return;
  absl::StrAppend(html, "<h3 class=\"", css_class, "\">", heading, " (", Count(all),
                  ")</h3>\n<ul>\n");
  for (const std::string& label : labels) {
    absl::StrAppend(html, "<li>", HtmlText(label), "</li>\n");
  }
  html->append("</ul>\n");
  const auto shown = static_cast<uint64_t>(labels.size());
  if (shown < all) {
    absl::StrAppend(html, "<p class=\"note\">", Count(all - shown), " more (--all)</p>\n");
  }
}

std::string Row(absl::string_view name, const v1::EvaluationCounts& counts,
                absl::string_view more) {
  return absl::StrCat("<tr><td>", HtmlText(name), "</td>", more, "<td class=\"",
                      counts.missed() > 0 ? "bad" : "good", "\">", Count(counts.missed()),
                      "</td><td>", Count(counts.flaky()), "</td><td>", Count(counts.failed()),
                      "</td><td>", Count(counts.executed()), "</td><td>", Count(counts.predicted()),
                      "</td><td>", Count(counts.labels()), "</td><td>", Ratio(counts), "</td><td>",
                      absl::StrFormat("%.1f s", counts.saved_seconds()), "</td><td>",
                      ShareText(counts.saved_seconds(), counts.total_seconds()), "</td></tr>\n");
}

std::string Table(absl::string_view more_headings, absl::string_view rows) {
  return absl::StrCat("<div class=\"wide\"><table>\n<tr><th>job</th>", more_headings,
                      "<th>missed</th><th>flaky</th><th>failed</th><th>executed</th>"
                      "<th>selected</th><th>of</th><th>ratio</th><th>saved</th><th>saved of all"
                      "</th></tr>\n",
                      rows, "</table></div>\n");
}

void AppendEvaluation(const v1::Evaluation& evaluation, std::string* html) {
  const v1::EvaluationCounts& counts = evaluation.counts();
  absl::StrAppend(html, "<h2>Selection <code>", HtmlText(evaluation.selection_id()),
                  "</code></h2>\n<p>Head <code>", HtmlText(evaluation.head()),
                  "</code> against base <code>", HtmlText(evaluation.base()), "</code>.",
                  evaluation.shadow() ? " Shadow policy: everything ran." : "",
                  evaluation.fallback() ? " A fallback: everything ran." : "", "</p>\n",
                  Table("", Row(JobText(evaluation.job()), counts, "")));
  Labels missed;
  for (const v1::FailedLabel& label : evaluation.missed()) *missed.Add() = label.label();
  AppendList("Failed and left out", "bad", missed, counts.missed(), html);
  AppendList("Failed and left out, but flaky", "flaky", evaluation.flaky(), counts.flaky(), html);
  AppendList("Selected, but not run", "", evaluation.not_run(), counts.not_run(), html);
}

// All jobs together, by time.
std::map<int64_t, v1::EvaluationCounts> SeriesOf(const v1::GetStatsResponse& stats) {
  std::map<int64_t, v1::EvaluationCounts> series;
  for (const v1::JobStats& job : stats.jobs()) {
    for (const v1::StatsPoint& point : job.series()) {
      v1::EvaluationCounts& sum = series[point.begin_unix_seconds()];
      const v1::EvaluationCounts& counts = point.counts();
      sum.set_labels(sum.labels() + counts.labels());
      sum.set_predicted(sum.predicted() + counts.predicted());
      sum.set_missed(sum.missed() + counts.missed());
      sum.set_saved_seconds(sum.saved_seconds() + counts.saved_seconds());
      sum.set_total_seconds(sum.total_seconds() + counts.total_seconds());
    }
  }
  return series;
}

void AppendFigure(const Plot& plot, const std::vector<PlotPoint>& points, std::string* html) {
  absl::StrAppend(html, "<figure><figcaption>", HtmlText(plot.title), "</figcaption>\n",
                  SvgPlot(plot, points), "</figure>\n");
}

void AppendPlots(const v1::GetStatsResponse& stats, std::string* html) {
  std::vector<PlotPoint> saved, ratio, missed;
  for (const auto& [begin, counts] : SeriesOf(stats)) {
    const std::string when = TimeText(begin);
    saved.push_back({begin, counts.saved_seconds(),
                     absl::StrFormat("%s: %.1f of %.1f seconds saved", when, counts.saved_seconds(),
                                     counts.total_seconds())});
    if (counts.labels() > 0) {
      ratio.push_back(
          {begin,
           100 * static_cast<double>(counts.predicted()) / static_cast<double>(counts.labels()),
           absl::StrCat(when, ": ", Ratio(counts), " selected")});
    }
    missed.push_back({begin, static_cast<double>(counts.missed()),
                      absl::StrCat(when, ": ", counts.missed(), " missed")});
  }
  const int64_t width = stats.bucket_seconds();
  html->append("<div class=\"plots\">\n");
  AppendFigure({"Seconds saved", " s", /*bars=*/true, 0, "saved", width}, saved, html);
  AppendFigure({"Selected of all labels", "%", /*bars=*/false, 100, "ratio", width}, ratio, html);
  AppendFigure({"Missed failures", "", /*bars=*/true, 4, "missed", width}, missed, html);
  html->append("</div>\n");
}

}  // namespace

std::string HtmlText(absl::string_view text) {
  std::string clean;
  const bool utf8 = IsUtf8(text);
  for (const char c : text) {
    switch (c) {
      case '&':
        clean += "&amp;";
        break;
      case '<':
        clean += "&lt;";
        break;
      case '>':
        clean += "&gt;";
        break;
      case '"':
        clean += "&quot;";
        break;
      case '\'':
        clean += "&#39;";
        break;
      default:
        // Control characters are no text; of a text that is no UTF-8, only its ASCII is.
        if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F ||
            (!utf8 && static_cast<unsigned char>(c) >= 0x80)) {
          clean += "\xEF\xBF\xBD";
        } else {
          clean += c;
        }
    }
  }
  return clean;
}

std::string EvaluationPage(const v1::EvaluateSelectionResponse& evaluations,
                           const v1::GetStatsResponse& stats) {
  std::string html = kHead;
  uint64_t missed = 0;
  for (const v1::Evaluation& one : evaluations.evaluations()) missed += one.counts().missed();
  absl::StrAppend(&html, "<p><strong class=\"", missed > 0 ? "bad" : "good", "\">",
                  missed == 0 ? "Nothing was missed."
                              : absl::StrCat(Count(missed), " failed and had been left out."),
                  "</strong></p>\n");
  for (const v1::Evaluation& one : evaluations.evaluations()) AppendEvaluation(one, &html);
  html.append("<h2>Over time</h2>\n");
  AppendPlots(stats, &html);
  std::string rows;
  for (const v1::JobStats& job : stats.jobs()) {
    rows += Row(JobText(job.job()), job.counts(),
                absl::StrCat("<td>", Count(job.evaluations()), "</td>"));
  }
  if (!rows.empty()) {
    absl::StrAppend(&html, "<h2>By job, all evaluations</h2>\n",
                    Table("<th>evaluations</th>", rows));
  }
  html.append("</body>\n</html>\n");
  return html;
}

}  // namespace testselect::client
