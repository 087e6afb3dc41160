#!/usr/bin/env python3
"""Has promtool check the rules and the configuration of Prometheus, and try every alert. Exit status 77 where there is none."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

TOP = pathlib.Path(os.environ["TESTSELECT_SOURCE_DIR"])
# Where tests/run.sh unpacks it.
SEARCHED = os.pathsep.join([os.environ.get("PATH", os.defpath), str(TOP / "build/tools/usr/bin")])
PROMTOOL = shutil.which("promtool", path=SEARCHED)
CASES = sorted((TOP / "tests/unit/deploy/prometheus").glob("*_test.yml"))


class PromtoolTest(unittest.TestCase):
    def promtool(self, *arguments):
        done = subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_configuration_and_the_rules_are_well_formed(self):
        self.promtool("check", "config", TOP / "deploy/prometheus/prometheus.yml")
        self.promtool("check", "rules", *sorted((TOP / "deploy/prometheus/rules").glob("*.yml")))

    def test_the_configuration_for_kubernetes_is_well_formed(self):
        text = (TOP / "deploy/prometheus/kubernetes.yml").read_text(encoding="utf-8")
        # Debian's promtool was built without this kind of discovery.
        text, replaced = re.subn(r"(?ms)kubernetes_sd_configs:.*?(?= {4}relabel_configs:)", 'static_configs: [{targets: ["pod:7601"]}]\n', text)
        self.assertEqual(replaced, 1)
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "rules").symlink_to(TOP / "deploy/prometheus/rules")
            copy = pathlib.Path(folder) / "kubernetes.yml"
            copy.write_text(text, encoding="utf-8")
            self.promtool("check", "config", copy)

    def test_alerts_fire_where_they_should_and_nowhere_else(self):
        self.assertTrue(CASES)
        for cases in CASES:
            with self.subTest(cases.name):
                self.promtool("test", "rules", cases)


if __name__ == "__main__":
    if PROMTOOL is None:
        print("skipped: no promtool; Debian's package prometheus has it (deploy/install-packages.sh --unpack build/tools promtool)")
        sys.exit(77)
    unittest.main()
