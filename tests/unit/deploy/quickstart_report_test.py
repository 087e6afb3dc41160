#!/usr/bin/env python3
"""Tests of deploy/quickstart/report.py: what the quick start prints of a selection, and how it judges it."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

REPORT = pathlib.Path(os.environ["TESTSELECT_SOURCE_DIR"]) / "deploy/quickstart/report.py"


def selection(run, skip, **lists):
    known = [*run, *skip]
    return {"absent_labels": [], "present_diff_labels": run, "global_level_labels": [],
            "present_report_labels": known, "run": run, "skip": skip, "reasons": {"COVERED_CHANGE": len(run)},
            "seconds": {"run": 1.0, "total": 4.0}, "fallback": None, **lists}


class ReportTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def report(self, command, answer, *outcomes):
        paths = [self.folder / "selection.json"]
        paths[0].write_text(json.dumps(answer), encoding="utf-8")
        for number, outcome in enumerate(outcomes):
            paths.append(self.folder / f"{number}.tsv")
            paths[-1].write_text("".join(f"{k}\t{v}\n" for k, v in outcome.items()), encoding="utf-8")
        return subprocess.run([sys.executable, REPORT, command, *paths], capture_output=True, text=True, check=False)

    def test_check_passes_where_what_changed_was_selected(self):
        result = self.report("check", selection(["t::a"], ["t::b"]), {"t::a": "passed", "t::b": "passed"},
                             {"t::a": "failed", "t::b": "passed"})
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("nothing was lost", result.stdout)

    def test_check_names_every_test_that_was_lost(self):
        before = {"t::run": "passed", "t::fails": "failed", "t::changed": "passed", "t::same": "skipped"}
        after = {"t::run": "passed", "t::fails": "failed", "t::changed": "skipped", "t::same": "skipped",
                 "t::new[a\tb]": "passed"}
        result = self.report("check", selection(["t::run"], ["t::fails", "t::changed", "t::same", "t::new[a\tb]"]),
                             before, after)
        self.assertEqual(result.returncode, 1)
        self.assertIn("of the 4 tests that the selection skips, 3 are among these: LOST", result.stdout)
        for line in ["failed -> failed  t::fails", "passed -> skipped  t::changed", "new -> passed  t::new[a\tb]"]:
            self.assertIn(line, result.stdout)

    def test_check_counts_tests_that_nobody_asked_about(self):
        result = self.report("check", selection(["t::a"], []), {}, {"t::a": "passed", "t::b[12:00]": "passed"})
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("1 tests ran that the selection was not asked about", result.stdout)

    def test_lists_show_sizes_ratios_and_the_fallback(self):
        answer = selection(["t::a"], ["t::b", "t::c"],
                           fallback={"code": "NO_INDEX", "message": "nothing is indexed"})
        out = self.report("lists", answer).stdout
        self.assertRegex(out, r"present_diff_labels +1 ")
        self.assertIn("of 3 tests (33.3 %)", out)
        self.assertIn("of 4.00 known (25.0 %)", out)
        self.assertIn("COVERED_CHANGE 1", out)
        self.assertIn("NO_INDEX: nothing is indexed", out)

    def test_lists_of_an_empty_selection(self):
        answer = selection([], [], reasons={}, seconds={"run": 0, "total": 0})
        self.assertIn("of 0 tests (nothing)", self.report("lists", answer).stdout)

    def test_three_takes_one_of_each_list_and_then_more(self):
        answer = selection(["t::d", "t::g", "t::h"], [], present_diff_labels=["t::d"],
                           global_level_labels=["t::d", "t::g"])
        self.assertEqual(self.report("three", answer).stdout.split(), ["t::d", "t::g", "t::h"])

    def test_why_shows_each_kind_of_evidence_once(self):
        insertion = {"code": "INSERTION", "message": "lines were inserted", "path": "a.py", "lines": [3, 3]}
        changed = {"code": "COVERED_CHANGE", "message": "it executed a line", "path": "b.py", "lines": [4, 9]}
        absent = {"code": "ABSENT", "message": "never seen", "path": "", "lines": None}
        answer = {"label": "t::a", "evidence": [insertion, insertion, changed, absent]}
        self.assertEqual(self.report("why", answer).stdout.splitlines(), [
            "  t::a", "    INSERTION: lines were inserted (a.py:3 and 1 more)",
            "    COVERED_CHANGE: it executed a line (b.py:4-9)", "    ABSENT: never seen"])


if __name__ == "__main__":
    unittest.main()
