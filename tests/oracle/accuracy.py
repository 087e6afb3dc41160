#!/usr/bin/env python3
"""Judges selections on published Python projects: two releases of each, and mutants of the newer one.

  accuracy.py --testselect BINARY [--project NAME]... [--mutants N] [--seed S] [--work DIR] [--markdown FILE]

Source distributions come from the package registry, with their tests; everything is kept in --work and may be called
again. Truth is a whole-suite run of every case; a label that differs between two runs of the same code is unstable and
never counted. Prints one JSON object a line, as tests/bench.sh does; exit status 1 where a changed label was not selected.
"""
import argparse
import ast
import json
import pathlib
import random
import shutil
import statistics
import sys
import tarfile

import oracle
import suites

HERE = pathlib.Path(__file__).resolve().parent


def fetch(project, version, work, python):
    """The source tree of a release."""
    folder = work / f"{project['name']}-{version}"
    if not folder.exists():
        downloads = work / "downloads"
        suites.sh([python, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "--no-build-isolation", "-d", str(downloads),
                   f"{project['name']}=={version}"], work)
        archive = next(p for p in downloads.iterdir() if p.name.lower().startswith(project["name"]) and version in p.name)
        with tarfile.open(archive) as packed:
            packed.extractall(work / "unpacked", filter="data")
        next((work / "unpacked").glob(f"*{version}")).rename(folder)
    return folder


def environment(project, work):
    folder = work / f"venv-{project['name']}"
    python = str(folder / "bin" / "python")
    if not folder.exists():
        suites.sh([sys.executable, "-m", "venv", str(folder)], work)
        suites.sh([python, "-m", "pip", "install", "-q", "pytest", "pytest-cov", "coverage", "setuptools", "wheel", "flit_core", "hatchling",
                   *project["requirements"]], work)
    return python


def replace_tree(repository, source):
    for entry in repository.iterdir():
        if entry.name not in (".git", ".testselect"):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    shutil.copytree(source, repository, dirs_exist_ok=True, symlinks=True)


class Mutants:
    """One edit of one place each, drawn by a seed."""

    def __init__(self, root, folders, seed):
        self.root, self.draw = root, random.Random(seed)
        self.files = sorted(p for f in folders for p in (root / f).rglob("*.py"))
        self.kinds = [self.negate, self.constant, self.removed, self.comment, self.docstring, self.default, self.added, self.attribute]

    def make(self, number):
        kind = self.kinds[number % len(self.kinds)]
        for _ in range(400):
            path = self.draw.choice(self.files)
            text = path.read_text()
            edit = kind(ast.parse(text), text.split("\n"))
            if edit is None:
                continue
            after = "\n".join(edit)
            try:
                compile(after, str(path), "exec")
            except SyntaxError:
                continue
            if after != text:
                return kind.__name__, path.relative_to(self.root), after
        return None

    def pick(self, tree, *types, ok=lambda n: True):
        found = [n for n in ast.walk(tree) if isinstance(n, types) and n.lineno == n.end_lineno and ok(n)]
        return self.draw.choice(found) if found else None

    @staticmethod
    def swap(lines, node, new):
        line = lines[node.lineno - 1].encode()
        lines[node.lineno - 1] = (line[:node.col_offset] + new.encode() + line[node.end_col_offset:]).decode()
        return lines

    def negate(self, tree, lines):
        test = self.pick(tree, ast.expr, ok=lambda n: any(getattr(p, "test", None) is n for p in ast.walk(tree) if isinstance(p, (ast.If, ast.While))))
        return test and self.swap(lines, test, "(not (" + ast.unparse(test) + "))")

    def constant(self, tree, lines):
        value = self.pick(tree, ast.Constant, ok=lambda n: isinstance(n.value, int) and not isinstance(n.value, bool))
        return value and self.swap(lines, value, str(value.value + 1))

    def removed(self, tree, lines):
        statement = self.pick(tree, ast.Expr, ast.Assign, ast.AugAssign, ast.Return, ok=lambda n: n.col_offset > 0)
        return statement and self.swap(lines, statement, "pass")

    def comment(self, tree, lines):
        lines.insert(0, "# a remark")
        return lines

    def docstring(self, tree, lines):
        found = [n.body[0] for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and ast.get_docstring(n) and n.body[0].lineno == n.body[0].end_lineno]
        return found and self.swap(lines, self.draw.choice(found), '"""Reworded."""')

    def default(self, tree, lines):
        found = [d for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) for d in n.args.defaults
                 if isinstance(d, ast.Constant) and isinstance(d.value, bool) and d.lineno == d.end_lineno]
        return found and self.swap(lines, self.draw.choice(found), "0")

    def added(self, tree, lines):
        return lines + ["", "", "def added_by_a_mutant():", "    return 1", ""]

    def attribute(self, tree, lines):
        found = [s.value for n in ast.walk(tree) if isinstance(n, (ast.ClassDef, ast.Module)) for s in n.body
                 if isinstance(s, ast.Assign) and isinstance(s.value, ast.Constant) and s.value.lineno == s.value.end_lineno]
        return found and self.swap(lines, self.draw.choice(found), "None")


def cases_of(project, args, work):
    python = environment(project, work)
    suite = suites.Python(python, project["path"], project["arguments"])
    releases = [fetch(project, v, work, python) for v in project["releases"]]
    at = work / f"run-{project['name']}"
    shutil.rmtree(at, ignore_errors=True)
    repository = at / "repository"
    repository.mkdir(parents=True)
    oracle.git(repository, "init", "-q")
    runs, commits = [], []
    for i, release in enumerate(releases):
        replace_tree(repository, release)
        commits.append(oracle.commit(repository))
        runs.append(suite.run(repository, at / f"release-{i}"))
        oracle.git(repository, "clean", "-fdxq", "-e", ".testselect")
        oracle.upload(args.testselect, repository, commits[-1], runs[-1].reports)
    again = suite.run(repository, at / "again")
    unstable = {x for x in again.outcomes if again.outcomes[x] != runs[-1].outcomes.get(x)}
    yield {"kind": "release", **oracle.compare(suite, repository, *commits, *runs, args.testselect, at, unstable)}
    mutants = Mutants(repository, project["mutate"], args.seed)
    for number in range(args.mutants):
        oracle.git(repository, "reset", "-q", "--hard", commits[-1])
        mutant = mutants.make(number)
        if mutant is None:
            continue
        kind, path, text = mutant
        (repository / path).write_text(text)
        head = oracle.commit(repository)
        run = suite.run(repository, at / f"mutant-{number}")
        oracle.git(repository, "clean", "-fdxq", "-e", ".testselect")
        yield {"kind": kind, "path": str(path),
               **oracle.compare(suite, repository, commits[-1], head, runs[-1], run, args.testselect, at, unstable)}
        shutil.rmtree(at / f"mutant-{number}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--testselect", required=True)
    parser.add_argument("--project", action="append")
    parser.add_argument("--mutants", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path.home() / ".cache" / "testselect-accuracy")
    parser.add_argument("--markdown", type=pathlib.Path)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    table, missed = [], 0
    for project in json.loads((HERE / "projects.json").read_text()):
        if args.project and project["name"] not in args.project:
            continue
        rows = []
        for row in cases_of(project, args, args.work):
            rows.append(row)
            print(f"{project['name']} {row['kind']} {row.get('path', '')}: run {row['run']} of {row['labels']}, changed {row['changed']}, "
                  f"missed {row['missed'][:3]}", file=sys.stderr, flush=True)
        ratios = [r["run"] / max(1, r["labels"]) for r in rows]
        misses = sum(bool(r["missed"]) for r in rows)
        missed += misses
        table.append((project["name"], " -> ".join(project["releases"]), len(rows), sum(bool(r["changed"]) for r in rows), misses,
                      statistics.mean(ratios), statistics.median(ratios), ratios[0], statistics.median(r["seconds"] for r in rows)))
        for name, value, unit in (("misses", misses, "cases"), ("ratio_mean", statistics.mean(ratios), "ratio"), ("ratio_median", statistics.median(ratios), "ratio")):
            print(json.dumps({"name": f"accuracy_{project['name']}_{name}", "value": round(value, 4), "unit": unit, "kind": "ratio", "against": "whole-suite runs"}), flush=True)
    if args.markdown:
        lines = ["| project | releases | cases | with a change | cases with a miss | ratio, mean | median | of the release | seconds a selection, median |", "|---|---|---|---|---|---|---|---|---|"]
        lines += [f"| {n} | {v} | {c} | {w} | {m} | {mean:.3f} | {median:.3f} | {release:.3f} | {s:.2f} |" for n, v, c, w, m, mean, median, release, s in table]
        args.markdown.write_text("\n".join(lines) + "\n")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
