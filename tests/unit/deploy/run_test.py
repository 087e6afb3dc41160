#!/usr/bin/env python3
"""Tests of tests/run.sh: its last line and its exit status, for what CTest may say."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

TOP = pathlib.Path(os.environ["TESTSELECT_SOURCE_DIR"])

PASSED = "100% tests passed, 0 tests failed out of 12\n\nTotal Test time (real) =   0.01 sec\n"
SKIPPED = """50% tests passed, 1 tests failed out of 4

The following tests did not run:
\t  2 - A.Skip (Skipped)
\t  3 - A.Off (Disabled)

The following tests FAILED:
\t  4 - A.Fail (Failed)
"""


class RunTest(unittest.TestCase):
    def run_with(self, output, status, build_status=0):
        """Runs a copy of the script where cmake does nothing and ctest prints `output`."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            for file in ["tests/run.sh", "deploy/install-packages.sh", "deploy/packages.txt"]:
                (path / file).parent.mkdir(exist_ok=True)
                shutil.copy(TOP / file, path / file)
            (path / "output").write_text(output, encoding="utf-8")
            programs = {"cmake": f"exit {build_status}", "ctest": f"cat {path}/output; exit {status}"}
            (path / "bin").mkdir()
            for name, text in programs.items():
                (path / "bin" / name).write_text(f"#!/bin/bash\n{text}\n", encoding="utf-8")
                (path / "bin" / name).chmod(0o755)
            environment = {**os.environ, "PATH": f"{path}/bin:{os.environ['PATH']}", "TESTSELECT_SKIP_PACKAGES": "1"}
            return subprocess.run([path / "tests/run.sh"], capture_output=True, text=True, check=False,
                                  stdin=subprocess.DEVNULL, env=environment)

    def test_all_passed(self):
        result = self.run_with(PASSED, 0)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stdout.splitlines()[-1], "12 passed, 0 failed")

    def test_failed_and_skipped(self):
        result = self.run_with(SKIPPED, 8)
        self.assertEqual(result.returncode, 8)
        self.assertEqual(result.stdout.splitlines()[-1], "2 passed, 1 failed, 2 skipped")

    def test_what_a_test_prints_is_not_counted(self):
        noise = "  7 - X (Skipped)\n99% tests passed, 1 tests failed out of 2 or so\n"
        self.assertEqual(self.run_with(noise + PASSED, 0).stdout.splitlines()[-1], "12 passed, 0 failed")

    def test_ctest_that_counts_nothing_is_a_failure(self):
        result = self.run_with("No tests were found!!!\n", 8)
        self.assertEqual(result.returncode, 1)
        self.assertIn("before it counted", result.stderr)

    def test_a_build_that_fails_runs_nothing(self):
        result = self.run_with(PASSED, 0, build_status=1)
        self.assertNotEqual(result.returncode, 0)
        self.assertNotIn("passed", result.stdout)


if __name__ == "__main__":
    unittest.main()
