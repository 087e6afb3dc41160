"""A real project in a git repository of its own, tested by a real pytest in a process of its own."""
import ast
import json
import os
import pathlib
import shutil
import subprocess
import sys
import textwrap

import pytest

from pytest_testselect.evidence_reader import Evidence

IDENTITY = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "test"), ("EMAIL", "test@localhost"), ("DATE", "2001-01-01T00:00:00 +0000"))}
OUTCOME = ["", "passed", "failed", "error", "skipped", "xfailed", "xpassed"]
monitoring = pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")


class Project:
    def __init__(self, top):
        self.top = top
        self.evidence_file = top.parent / "evidence"
        self.git("init", "-q", "-b", "main")
        self.write({"pytest.ini": "[pytest]\npythonpath = .\n"})

    def git(self, *arguments):
        done = subprocess.run(["git", *arguments], cwd=self.top, check=True, capture_output=True, text=True, env={**os.environ, **IDENTITY})
        return done.stdout.strip()

    def write(self, files):
        for name, text in files.items():
            path = self.top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")

    def change(self, name, old, new):
        text = (self.top / name).read_text()
        assert text.count(old) == 1, (name, old)
        (self.top / name).write_text(text.replace(old, new))

    def commit(self, message="a commit"):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def pytest(self, *arguments, expect=0, environment=None):
        env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "TESTSELECT_SERVER": "", **(environment or {})}
        done = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments], cwd=self.top, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, check=False, timeout=300)
        assert expect is None or done.returncode == expect, done.stdout
        return done.stdout

    def record(self, *arguments, expect=0, environment=None):
        self.output = self.pytest(f"--testselect-record={self.evidence_file}", *arguments, expect=expect, environment=environment)
        return Recorded(self, Evidence(self.evidence_file))

    def testselect(self, *arguments):
        done = subprocess.run([os.environ["TESTSELECT"], *map(str, arguments)], cwd=self.top, check=True, capture_output=True, text=True)
        return json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout

    def upload(self, *arguments):
        self.testselect("upload", "--quiet", "--commit", self.git("rev-parse", "HEAD"), *arguments, self.evidence_file)

    def digest(self):
        done = subprocess.run([sys.executable, "-m", "pytest_testselect.environment"], cwd=self.top, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def to_run(self):
        """What a change of the files needs."""
        return {label.split("::", 1)[1] for label in self.testselect("select", "--working-tree")["run"]}

    def functions_of(self, path):
        """{(first, last): name} with decorators; lambdas and the like have none."""
        found = {}
        for node in ast.walk(ast.parse((self.top / path).read_text())):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                found[first, node.end_lineno] = node.name
        return found


class Recorded:
    """Evidence by the names of functions; labels without their file."""

    def __init__(self, project, evidence):
        self.project, self.evidence = project, evidence
        self.tests = {label.split("::", 1)[1]: test for label, test in evidence.tests.items()}

    def names(self, seen, path):
        known = self.project.functions_of(path)
        return {known.get(span, span) for span in seen.functions.get(path, ())}

    def entered(self, label, path="lib.py"):
        return self.names(self.tests[label], path)

    def at_import(self, path="lib.py"):
        return self.names(self.evidence.outside, path)

    def outcomes(self):
        return {label: OUTCOME[test.outcome] for label, test in self.tests.items()}

    def fixture(self, name):
        """The fixture that a function of that name defines."""
        return next(f for f in self.evidence.fixtures if self.project.functions_of(f.span[0]).get(f.span[1:]) == name)

    def users(self, name):
        number = self.evidence.fixtures.index(self.fixture(name))
        return {label for label, test in self.tests.items() if number in self.closure(test)}

    def closure(self, test):
        seen, todo = set(), list(test.fixtures)
        while todo:
            number = todo.pop()
            if number not in seen:
                seen.add(number)
                todo += self.evidence.fixtures[number].fixtures
        return seen


@pytest.fixture
def project(tmp_path):
    top = tmp_path / "project"
    top.mkdir()
    return Project(top)


@pytest.fixture(autouse=True)
def program():
    found = shutil.which(os.environ.get("TESTSELECT", "testselect"))
    assert found, "TESTSELECT names no program"
    os.environ["TESTSELECT"] = str(pathlib.Path(found).resolve())
