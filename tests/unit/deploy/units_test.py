#!/usr/bin/env python3
"""Tests of deploy/systemd and deploy/containers: what they start, and with which flags."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

TOP = pathlib.Path(os.environ["TESTSELECT_SOURCE_DIR"])
UNITS = sorted((TOP / "deploy/systemd").glob("*.service"))


def agent_flags():
    """The flags of `testselect agent` that docs/cli.md lists."""
    text = (TOP / "docs/cli.md").read_text(encoding="utf-8")
    section = text.split("## testselect agent\n")[1].split("\n## ")[0]
    return set(re.findall(r"--[a-z-]+", section))


class UnitsTest(unittest.TestCase):
    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_systemd_accepts_the_units(self):
        self.assertEqual(len(UNITS), 2)
        for unit in UNITS:
            with tempfile.TemporaryDirectory() as folder:
                # The programs need not be installed where this runs.
                text = unit.read_text(encoding="utf-8").replace("/usr/local/bin/", f"{folder}/")
                for program in ["testselect", "testselectd"]:
                    shutil.copy("/bin/true", f"{folder}/{program}")
                copy = pathlib.Path(folder) / unit.name
                copy.write_text(text, encoding="utf-8")
                done = subprocess.run(["systemd-analyze", "verify", "--recursive-errors=no", copy],
                                      capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, ""), unit.name)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_systemd_finds_little_that_the_server_could_be_denied_yet(self):
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager",
                               TOP / "deploy/systemd/testselectd.service"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_agent_knows_the_flags_it_is_started_with(self):
        known = agent_flags()
        self.assertIn("--spool", known)
        for file in [TOP / "deploy/systemd/testselect-agent.service", TOP / "deploy/containers/compose.yml",
                     TOP / "docs/agent.md"]:
            for line in file.read_text(encoding="utf-8").splitlines():
                if "agent --spool" in line or "--spool, /var" in line or "AGENT_FLAGS=" in line:
                    self.assertLessEqual(set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", line)), known, line)

    def test_the_server_knows_the_settings_it_is_started_with(self):
        settings = (TOP / "docs/configuration.md").read_text(encoding="utf-8")
        for file in ["deploy/systemd/testselectd.service", "deploy/containers/compose.yml", "deploy/containers/shared.yml"]:
            names = re.findall(r"TESTSELECT_([A-Z_]+)", (TOP / file).read_text(encoding="utf-8"))
            self.assertTrue(names)
            for name in names:
                self.assertIn(f"| `{name.lower().replace('_', '-')}` |", settings, file)


if __name__ == "__main__":
    unittest.main()
