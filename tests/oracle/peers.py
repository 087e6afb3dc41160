"""Other selectors on the cases of accuracy.py: what each would run, at the same commits and by the same suite.

A peer is made once for a project and answers select(case, truth) -> (labels to run, causes of failure its run shows).
"""
import ast
import json
import re
import shutil
import sqlite3

import suites


class Codecov:
    """Label analysis: changed lines, and the line before each added statement, by the coverage of base.

    A line that ran outside tests stands for all labels of its upload; so does an added file. A file that the report does
    not have selects nothing. The line before is a line of head and looked up in the report of base as it is.
    """
    name, packages = "Codecov's algorithm", []

    def __init__(self, project):
        self.project, self.reports = project, {}

    def report(self, commit):
        """{file: {line: {label, or '' outside tests}}}"""
        if commit not in self.reports:
            database = sqlite3.connect(self.project.evidence(commit).reports[0])
            labels = {number: context.rpartition("|")[0] for number, context in database.execute("select id, context from context")}
            files = {number: {} for number, in database.execute("select id from file")}
            for file, context, lines in database.execute("select file_id, context_id, numbits from line_bits"):
                for line in (8 * i + bit for i, byte in enumerate(lines) for bit in range(8) if byte >> bit & 1):
                    files[file].setdefault(line, set()).add(labels[context])
            self.reports[commit] = {path: files[number] for number, path in database.execute("select id, path from file")}
        return self.reports[commit]

    @staticmethod
    def statements(text):
        """{first line: (last line of its head, the statement that ran just before or None, the function's first line)}"""
        found = {}

        def visit(body, before, function):
            for statement in body:
                if not isinstance(statement, (ast.ExceptHandler, ast.match_case)):
                    inner = [s.lineno for s in getattr(statement, "body", []) if hasattr(s, "lineno")]
                    last = max(statement.lineno, inner[0] - 1) if inner else statement.end_lineno
                    found[statement.lineno] = (last, before, function)
                    before = statement.lineno
                if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    visit(statement.body, None, statement.lineno)
                    continue
                for part in ("body", "handlers", "cases", "orelse", "finalbody"):
                    visit(getattr(statement, part, []), before, function)
        visit(ast.parse(text).body, None, None)
        return found

    @staticmethod
    def holding(statements, line):
        return max((first for first in statements if first <= line <= statements[first][0]), default=None)

    def lines_of(self, case, before, after):
        """The lines of the report that a modified file touches; None for all."""
        try:
            old, new = (self.statements(self.project.text(c, p)) for c, p in ((case["base"], before), (case["head"], after)))
        except SyntaxError:
            return None
        diff = self.project.git("diff", "-U0", f"{case['base']}:{before}", f"{case['head']}:{after}")
        wanted, added = set(), set()
        for start, count, at, more in re.findall(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", diff, re.M):
            wanted |= {self.holding(old, n) for n in range(int(start), int(start) + int(count or 1))}
            added |= {self.holding(new, n) for n in range(int(at), int(at) + int(more or 1))}
        for statement in added - {None}:
            earlier = statement
            while earlier in added and new[earlier][1] is not None:
                earlier = new[earlier][1]
            if earlier in added:
                earlier = new[earlier][2]
            if earlier is None:
                return None
            wanted.add(earlier)
        return wanted

    def select(self, case, truth):
        report = self.report(case["base"])
        found = set()
        names = self.project.git("diff", "--name-status", "-M", "-z", case["base"], case["head"]).split("\0")
        while len(names) > 1:
            status, before = names.pop(0), names.pop(0)
            after = names.pop(0) if status[0] in "RC" else before
            if status[0] == "A":
                return truth.asked, ()
            lines = report.get(before, {})
            wanted = None
            if status[0] != "D":
                wanted = self.lines_of(case, before, after) if before.endswith(".py") else set()
            for line in lines if wanted is None else wanted:
                found |= lines.get(line, set())
        known = set().union(*(who for lines in report.values() for who in lines.values()))
        return truth.asked if "" in found else found | (set(truth.asked) - known), ()


class Testmon:
    """pytest-testmon: collects at base, and at head says what it would run."""
    name, packages = "pytest-testmon", ["pytest-testmon"]

    def __init__(self, project):
        self.project, self.python = project, project.environment("testmon", self.packages)

    def pytest(self, commit, data, *options):
        """What a run of it at `commit` wrote; `data` is its store."""
        work = self.project.fresh("testmon")
        self.project.checkout(commit)
        environment = {**self.project.suite.environment(self.project.repository, work), "TESTMON_DATAFILE": str(data)}
        done = suites.sh([self.python, "-m", "pytest", "-q", "-p", "outcomes_plugin", "--testmon", "--continue-on-collection-errors", *options,
                          *self.project.suite.arguments], self.project.repository, environment, check=False)
        if not (work / "outcomes.json").exists():
            return None, done
        return json.loads((work / "outcomes.json").read_text()), done

    def collected(self, base):
        store = self.project.at / "testmon" / self.project.tree(base)
        if not (store / "whole").exists():
            shutil.rmtree(store, ignore_errors=True)
            store.mkdir(parents=True)
            found, done = self.pytest(base, store / "data")
            if found is None or not found["outcomes"]:
                raise RuntimeError(f"pytest-testmon does not collect: {done.stdout[-2000:]}{done.stderr[-500:]}")
            (store / "whole").touch()
        return store

    def select(self, case, truth):
        store = self.project.fresh("testmon-data")
        shutil.copytree(self.collected(case["base"]), store, dirs_exist_ok=True)
        found, _ = self.pytest(case["head"], store / "data", "--testmon-nocollect", "--testmon-forceselect", "--collect-only")
        if found is None:                              # pytest itself does not start: nobody overlooks that
            return truth.asked, ("",)
        return found["collected"], found["errors"]


class SmartTest:
    """py-smart-test: the graph of head, and the test files that it calls affected."""
    name, packages = "py-smart-test", ["py-smart-test"]

    def __init__(self, project):
        self.project, self.python = project, project.environment("smart", self.packages)

    def select(self, case, truth):
        self.project.checkout(case["head"])
        tool = self.python.rpartition("/")[0] + "/pst-"
        for command in ([tool + "gen"], [tool + "map"]):
            suites.sh(command, self.project.repository, {"PYTHONDONTWRITEBYTECODE": "1"})
        out = suites.sh([tool + "affected", "--base", case["base"], "--json"], self.project.repository).stdout
        tests = set(json.loads(out[out.index("{"):])["tests"])
        # Its plugin collects everything, so what cannot be collected is seen.
        return [x for x in truth.asked if x.partition("::")[0] in tests], set(truth.broken.values())


ALL = [Codecov, Testmon, SmartTest]
