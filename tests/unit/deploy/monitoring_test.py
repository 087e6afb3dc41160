#!/usr/bin/env python3
"""Tests of the alert rules and the Grafana dashboard: all they name is in the metric table, and all is complete."""

import json
import os
import pathlib
import re
import unittest

import monitoring

TOP = pathlib.Path(os.environ["TESTSELECT_SOURCE_DIR"])
RULES = sorted((TOP / "deploy/prometheus/rules").glob("*.yml"))
RULE_TESTS = sorted((TOP / "tests/unit/deploy/prometheus").glob("*_test.yml"))
DASHBOARDS = sorted((TOP / "deploy/grafana/dashboards").glob("*.json"))
SEVERITIES = {"critical", "warning", "info"}
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


def text_of(*parts):
    return TOP.joinpath(*parts).read_text(encoding="utf-8")


def engine_counters():
    """The storage engine's counters, whose names stand quoted in the only code that exports them."""
    sources = (TOP / "storage").glob("rocksdb_*.cc")
    return {name for source in sources
            for name in re.findall(r'"((?:rocksdb|cache)\.[\w.-]+)"', source.read_text(encoding="utf-8"))}


def rules_in(path):
    return [rule for group in monitoring.read_yaml(path.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


def all_metrics():
    """The metric table, and what the recording rules add to it."""
    metrics = monitoring.read_table(text_of("docs", "metrics.md"))
    for rule in (rule for path in RULES for rule in rules_in(path) if "record" in rule):
        metrics[rule["record"]] = monitoring.Metric("recorded", monitoring.labels_after(rule["expr"], metrics))
    return metrics


def legend_labels(text):
    return set(re.findall(r"{{\s*(\w+)\s*}}", text))


class ReaderTest(unittest.TestCase):
    """The readers themselves, on a table of their own."""

    METRICS = monitoring.read_table(
        "| `a_total` | counter | `result`: good, bad; `format`: a format, or 'mixed' | Things; by result. |\n"
        "| `b_seconds` | histogram | `stage`: one, two | Time. |\n"
        "| `c` | gauge |  | A gauge. |\n"
        "| `d_total` | counter | `job`: a CI job; from the 200th on 'other' | By job. |\n")

    def problems(self, query):
        return list(monitoring.problems_of(query, self.METRICS, {"x.y"}))

    def test_what_is_in_the_table_has_no_problem(self):
        for query in ['sum without (format) (rate(a_total{result=~"good|bad", format="lcov"}[5m])) > 0.5',
                      "sum(rate(a_total[5m])) by (result)",
                      "histogram_quantile(0.9, sum by (le, stage) (rate(b_seconds_bucket[$__rate_interval])))",
                      'c{instance=~"$instance", job="t"} > 1e9 and c offset 1d > 3 * 86400',
                      "a_total / on (result) group_left (format) a_total unless absent(c)",
                      'sum by (exported_job) (d_total{exported_job="unit"})']:
            self.assertEqual(self.problems(query), [], query)

    def test_a_name_label_or_value_that_is_not_in_the_table_is_a_problem(self):
        for query, problem in [
                ("rate(a_totals[5m])", "no metric a_totals"),
                ("c{result='good'}", "c has no label result"),
                ('a_total{result="ugly"}', "a_total: result is never ugly"),
                ('a_total{result=~"good|ugly"}', "a_total: result is never ugly"),
                ('a_total{result!="ugly"}', "a_total: result is never ugly"),
                ("sum by (stage) (a_total)", "by (stage): no metric of the query has it"),
                ("a_total / ignoring (stage) a_total", "ignoring (stage): no metric of the query has it"),
                ("b_seconds", "no metric b_seconds"),
                ("rate(c[5m])", "rate() of the gauge c"),
                # Prometheus keeps the name for its own label; what the server says arrives under another.
                ("sum by (result) (d_total)", "by (result): no metric of the query has it")]:
            self.assertEqual(self.problems(query), [problem], query)

    def test_what_cannot_be_read_is_refused(self):
        for query in ['{__name__="c"}', "c{result}", "frobnicate(c)", 'c{result="good}']:
            with self.assertRaises((monitoring.Malformed, ValueError), msg=query):
                self.problems(query)

    def test_the_result_of_a_query_keeps_the_labels_that_it_does_not_sum_away(self):
        for query, labels in [("sum without (format) (a_total)", {"result"}), ("sum by (format) (a_total)", {"format"}),
                              ("sum without (format) (a_total) / sum without (format, result) (a_total)", {"result"}),
                              ("histogram_quantile(0.9, b_seconds_bucket)", {"stage"})]:
            self.assertEqual(set(monitoring.labels_after(query, self.METRICS)), labels, query)

    def test_reads_the_yaml_of_rule_files_and_refuses_the_rest(self):
        text = "# c\na:\n  - b: x y  # c\n    c: |\n      1\n      > 2\n    d: {e: f}\n  - b: \"q: {{ r }}\"\ng:\n- h\n"
        self.assertEqual(monitoring.read_yaml(text),
                         {"a": [{"b": "x y", "c": "1\n> 2", "d": {"e": "f"}}, {"b": "q: {{ r }}"}], "g": ["h"]})
        for bad in ["a: b: c\n", "a: 1\na: 2\n", "a:\n    b: 1\n  c: 2\n", "a: &x 1\n", "a: >-\n  b\n"]:
            with self.assertRaises(monitoring.Malformed, msg=bad):
                monitoring.read_yaml(bad)


class RulesTest(unittest.TestCase):
    def setUp(self):
        self.metrics = all_metrics()
        self.alerts = {rule["alert"]: rule for path in RULES for rule in rules_in(path) if "alert" in rule}

    def test_every_metric_label_and_value_is_in_the_table(self):
        self.assertTrue(self.alerts)
        counters = engine_counters()
        for path in RULES:
            for rule in rules_in(path):
                name = rule.get("alert") or rule["record"]
                self.assertEqual(list(monitoring.problems_of(rule["expr"], self.metrics, counters)), [], name)

    def test_no_rule_is_there_twice(self):
        names = [rule.get("alert") or rule["record"] for path in RULES for rule in rules_in(path)]
        self.assertEqual(sorted(set(names)), sorted(names))

    def test_recorded_names_say_what_they_are(self):
        for path in RULES:
            for rule in (rule for rule in rules_in(path) if "record" in rule):
                self.assertRegex(rule["record"], r"^testselect:[a-z_]+:(p\d\d_)?[a-z]+(_rate)?\d+[mhd]$")
                self.assertEqual(set(rule), {"record", "expr"})

    def test_every_alert_is_complete(self):
        for name, rule in self.alerts.items():
            self.assertRegex(name, r"^TestSelect[A-Z]\w+$")
            self.assertLessEqual(set(rule), {"alert", "expr", "for", "labels", "annotations"}, name)
            self.assertEqual(set(rule["labels"]), {"severity"}, name)
            self.assertIn(rule["labels"]["severity"], SEVERITIES, name)
            self.assertEqual(set(rule["annotations"]), {"summary", "description", "action"}, name)

    def test_annotations_use_labels_that_the_alert_has(self):
        for name, rule in self.alerts.items():
            labels = set(monitoring.labels_after(rule["expr"], self.metrics)) | monitoring.TARGET_LABELS
            used = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
            self.assertLessEqual(used, labels, name)

    def test_every_alert_has_a_case_that_fires_and_one_that_does_not(self):
        fires, quiet = set(), set()
        for path in RULE_TESTS:
            for group in monitoring.read_yaml(path.read_text(encoding="utf-8"))["tests"]:
                about = group["name"].split(",")[0]
                for case in group["promql_expr_test"]:
                    samples = case["exp_samples"]
                    fires |= {re.search(r'alertname="(\w+)"', sample["labels"]).group(1) for sample in samples}
                    if not samples:
                        quiet.add(about)
        self.assertEqual(fires, set(self.alerts))
        self.assertEqual(quiet, set(self.alerts))

    def test_series_of_the_cases_are_in_the_table(self):
        for path in RULE_TESTS:
            for group in monitoring.read_yaml(path.read_text(encoding="utf-8"))["tests"]:
                for series in group["input_series"]:
                    self.assertEqual(list(monitoring.problems_of(series["series"], self.metrics, engine_counters())), [],
                                     f"{path.name}: {group['name']}")

    def test_the_page_has_a_section_on_every_alert_with_its_severity(self):
        page = text_of("docs", "monitoring.md")
        sections = dict(re.findall(r"^### (TestSelect\w+) \((\w+)\)$", page, re.MULTILINE))
        self.assertEqual(sections, {name: rule["labels"]["severity"] for name, rule in self.alerts.items()})


class DashboardTest(unittest.TestCase):
    def setUp(self):
        self.metrics = all_metrics()
        self.dashboards = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in DASHBOARDS}
        self.assertTrue(self.dashboards)

    def panels(self):
        for name, dashboard in self.dashboards.items():
            for panel in dashboard["panels"]:
                yield f"{name}: {panel.get('title')}", panel

    def test_every_query_is_about_metrics_labels_and_values_of_the_table(self):
        counters = engine_counters()
        for where, panel in self.panels():
            for target in panel.get("targets", []):
                self.assertEqual(list(monitoring.problems_of(target["expr"], self.metrics, counters)), [], where)
                labels = set(monitoring.labels_after(target["expr"], self.metrics)) | monitoring.TARGET_LABELS
                self.assertLessEqual(legend_labels(target["legendFormat"]), labels, where)

    def test_every_query_follows_the_choice_of_servers(self):
        for where, panel in self.panels():
            for target in panel.get("targets", []):
                for metric, matchers, _ in monitoring.Query.parse(target["expr"]).selectors:
                    self.assertIn(("instance", "=~", "$instance"), matchers, f"{where}: {metric}")

    def test_variables_ask_for_metrics_of_the_table(self):
        for name, dashboard in self.dashboards.items():
            kinds = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
            self.assertEqual(kinds["datasource"]["type"], "datasource", name)
            metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", kinds["instance"]["query"]).groups()
            self.assertIn(metric, self.metrics)
            self.assertIn(label, monitoring.TARGET_LABELS | set(self.metrics[metric].labels))

    def test_every_panel_has_an_id_of_its_own_a_title_and_the_chosen_datasource(self):
        for name, dashboard in self.dashboards.items():
            ids = [panel["id"] for panel in dashboard["panels"]]
            self.assertEqual(len(ids), len(set(ids)), name)
            titles = [panel["title"] for panel in dashboard["panels"] if panel["type"] != "row"]
            self.assertEqual(len(titles), len(set(titles)), name)
            for panel in dashboard["panels"]:
                self.assertTrue(panel["title"].strip())
                if panel["type"] == "row":
                    self.assertEqual(panel["panels"], [])
                    continue
                self.assertEqual(panel["datasource"], DATASOURCE, panel["title"])
                self.assertTrue(panel["description"] and panel["targets"], panel["title"])
                refs = [target["refId"] for target in panel["targets"]]
                self.assertEqual(len(refs), len(set(refs)), panel["title"])
                for target in panel["targets"]:
                    self.assertEqual(target["datasource"], DATASOURCE, panel["title"])

    def test_panels_do_not_lie_on_each_other(self):
        for name, dashboard in self.dashboards.items():
            taken = {}
            for panel in dashboard["panels"]:
                at = panel["gridPos"]
                self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
                for x in range(at["x"], at["x"] + at["w"]):
                    for y in range(at["y"], at["y"] + at["h"]):
                        other = taken.setdefault((x, y), panel["title"])
                        self.assertEqual(other, panel["title"], name)

    def test_what_grafana_is_provisioned_with_fits_the_dashboard(self):
        folder = TOP / "deploy/grafana/provisioning"
        (source,) = monitoring.read_yaml((folder / "datasources/testselect.yml").read_text(encoding="utf-8"))["datasources"]
        self.assertEqual(source["type"], DATASOURCE["type"])
        (provider,) = monitoring.read_yaml((folder / "dashboards/testselect.yml").read_text(encoding="utf-8"))["providers"]
        self.assertEqual(provider["type"], "file")
        scrape = monitoring.read_yaml(text_of("deploy", "prometheus", "prometheus.yml"))
        self.assertEqual([job["job_name"] for job in scrape["scrape_configs"]], ["testselect"])


if __name__ == "__main__":
    unittest.main()
