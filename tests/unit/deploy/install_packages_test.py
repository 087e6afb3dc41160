#!/usr/bin/env python3
"""Tests of deploy/install-packages.sh and of the list that it reads."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

TOP = pathlib.Path(os.environ["TESTSELECT_SOURCE_DIR"])
SCRIPT = TOP / "deploy/install-packages.sh"


def script(*arguments, **environment):
    return subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, env={**os.environ, **environment})


class InstallPackagesTest(unittest.TestCase):
    def fake_system(self, installed):
        """A folder with a dpkg-query that knows `installed` alone, and an apt-get, id and sudo that only tell."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name)
        known = "".join(f'    {name}) echo "installed {name}" ;;\n' for name in installed)
        programs = {
            "dpkg-query": f'for p in "$@"; do case $p in\n{known}    *) status=1 ;;\n  esac; done; exit ${{status:-0}}',
            "apt-get": f'echo "$*" >>{path}/calls',
            "id": "echo 0",
        }
        for name, text in programs.items():
            (path / name).write_text(f"#!/bin/bash\n{text}\n", encoding="utf-8")
            (path / name).chmod(0o755)
        return path, f"{path}:{os.environ['PATH']}"

    def test_lists_the_packages_of_sections_once_without_comments(self):
        names = script("--list", "test", "quickstart").stdout.split()
        self.assertEqual(names, sorted(set(names)))
        self.assertIn("python3-venv", names)
        self.assertFalse([name for name in names if not re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", name)])

    def test_an_unknown_section_names_those_there_are(self):
        result = script("biuld")
        self.assertEqual(result.returncode, 2)
        self.assertIn("no section 'biuld'", result.stderr)
        self.assertIn("build run test quickstart", result.stderr)

    def test_installs_only_what_is_missing(self):
        path, search = self.fake_system([p for p in script("--list", "test").stdout.split() if p != "python3"])
        result = script("test", PATH=search, TESTSELECT_SKIP_PACKAGES="")
        self.assertEqual(result.returncode, 0, result.stderr)
        calls = (path / "calls").read_text(encoding="utf-8").splitlines()
        self.assertEqual(len(calls), 2)
        self.assertTrue(calls[0].endswith(" update"), calls)
        self.assertTrue(calls[1].endswith("install --no-install-recommends python3"), calls)

    def test_touches_nothing_where_nothing_is_missing(self):
        path, search = self.fake_system(script("--list", "test").stdout.split())
        self.assertEqual(script("test", PATH=search, TESTSELECT_SKIP_PACKAGES="").returncode, 0)
        self.assertFalse((path / "calls").exists())

    def test_an_npm_that_did_not_come_as_a_package_is_enough(self):
        names = script("--list", "build").stdout.split()
        self.assertIn("npm", names)
        path, search = self.fake_system([name for name in names if name != "npm"])
        (path / "npm").write_text("#!/bin/bash\n", encoding="utf-8")
        (path / "npm").chmod(0o755)
        self.assertEqual(script("build", PATH=search, TESTSELECT_SKIP_PACKAGES="").returncode, 0)
        self.assertFalse((path / "calls").exists())

    def test_can_be_told_to_install_nothing(self):
        path, search = self.fake_system([])
        self.assertEqual(script("test", PATH=search, TESTSELECT_SKIP_PACKAGES="1").returncode, 0)
        self.assertFalse((path / "calls").exists())

    def test_unpacks_a_package_once_and_installs_nothing(self):
        path, search = self.fake_system([])
        programs = {"apt-get": f'echo "$*" >>{path}/calls; [ "$2" != download ] || touch "$3.deb"',
                    "dpkg-deb": 'mkdir -p "$3/usr/bin"; basename "$2" >"$3/usr/bin/tool"'}
        for name, text in programs.items():
            (path / name).write_text(f"#!/bin/bash\n{text}\n", encoding="utf-8")
            (path / name).chmod(0o755)
        for _ in range(2):
            result = script("--unpack", path / "tools", "promtool", PATH=search, TESTSELECT_SKIP_PACKAGES="")
            self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual((path / "tools/usr/bin/tool").read_text(encoding="utf-8"), "prometheus.deb\n")
        self.assertEqual((path / "calls").read_text(encoding="utf-8"), "-q download prometheus\n")
        self.assertEqual(sorted(p.name for p in (path / "tools").iterdir()), [".unpacked-prometheus", "usr"])

    def test_says_what_cannot_be_unpacked(self):
        path, search = self.fake_system([])
        (path / "apt-get").write_text("#!/bin/bash\necho no network; exit 100\n", encoding="utf-8")
        result = script("--unpack", path / "tools", "promtool", PATH=search, TESTSELECT_SKIP_PACKAGES="")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no network", result.stderr)
        self.assertIn("could not download prometheus", result.stderr)
        self.assertEqual(list((path / "tools").iterdir()), [])

    def test_both_stages_of_the_image_and_both_commands_use_the_list(self):
        uses = {"Dockerfile": ["build", "run"], "deploy/quickstart.sh": ["build quickstart"],
                "tests/run.sh": ["build test", "radosgw"]}
        for file, sections in uses.items():
            text = (TOP / file).read_text(encoding="utf-8")
            for section in sections:
                self.assertRegex(text, rf'install-packages\.sh"? {section}\b', file)
            self.assertNotRegex(text, r"apt-get [^\n]*install", file)


if __name__ == "__main__":
    unittest.main()
