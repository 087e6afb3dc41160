#!/usr/bin/env python3
"""Judges selections on bigger programs in Go and C++: published modules and a sample of our own, and mutants of them.

  compiled.py --testselect BINARY [--project NAME]... [--mutants N] [--first N] [--seed S] [--work DIR]

Modules come from Go's module proxy, two releases of each; the sample lies in samples/. A mutant is one edit of one place,
drawn by a seed, that still builds. Truth is a whole-suite run of every case; a label that differs between two runs of the
same code is unstable and never counted. Prints a line a case, and one JSON object a line as tests/bench.sh does; exit status
1 where a changed label was not selected.
"""
import argparse
import json
import os
import pathlib
import random
import re
import shutil
import statistics
import subprocess
import sys

import oracle
import suites
import traps_cpp

HERE = pathlib.Path(__file__).resolve().parent


class Go:
    suffixes, test = (".go",), "_test.go"
    condition = re.compile(r"\bif ([^;{]+) \{$")
    added = "\nfunc addedByAMutant() int { return 1 }\n"

    def __init__(self, description):
        self.description, self.suite = description, suites.Go(subtests=False)

    def releases(self, work):
        for version in self.description["releases"]:
            at = work / "releases" / f"{self.description['name']}-{version}"
            if not at.exists():
                got = json.loads(suites.sh(["go", "mod", "download", "-json", f"{self.description['module']}@{version}"], work).stdout)
                shutil.copytree(got["Dir"], at, copy_function=shutil.copyfile)
                suites.sh(["chmod", "-R", "u+w", str(at)], work)
                if not (at / "go.mod").exists():
                    (at / "go.mod").write_text(f"module {self.description['module']}\n\ngo 1.20\n")
            yield at

    def builds(self, repository):
        command = ["go", "test", "-exec=true", "-vet=off", "./..."]
        return subprocess.run(command, cwd=repository, capture_output=True, env={**os.environ, "GOFLAGS": "-count=1", "GOPROXY": "off"}).returncode == 0


class Cpp:
    suffixes, test = (".h", ".cc"), "_test.cc"
    condition = re.compile(r"\bif \((.+)\) (?:\{|return\b.*;)$")
    added = "\ninline int AddedByAMutant() { return 1; }\n"

    def __init__(self, description):
        self.description, self.suite = description, suites.Cpp()

    def releases(self, work):
        at = work / "releases" / self.description["name"]
        shutil.rmtree(at, ignore_errors=True)
        shutil.copytree(HERE / self.description["path"], at)
        oracle.write(at, traps_cpp.HARNESS)
        yield at

    def builds(self, repository):
        sources = [str(p) for p in repository.rglob("*.cc")]
        return subprocess.run(["g++", "-std=c++20", "-fsyntax-only", "-I.", *sources], cwd=repository, capture_output=True).returncode == 0


LANGUAGES = {"go": Go, "cpp": Cpp}
SWAPS = {"==": "!=", "!=": "==", "<=": "<", ">=": ">", " < ": " <= ", " > ": " >= ", " + ": " - ", " - ": " + ", "&&": "||", "||": "&&", " * ": " + "}


class Mutants:
    """Edits of lines: what stands in comments and imports is left alone."""

    def __init__(self, root, language, seed):
        self.root, self.language, self.draw = root, language, random.Random(seed)
        self.files = sorted(p for p in root.rglob("*") if p.name.endswith(language.suffixes) and not p.name.endswith(language.test)
                            and p.name not in traps_cpp.HARNESS and "testdata" not in p.parts)
        self.kinds = [self.negated, self.number, self.text, self.removed, self.operator, self.comment, self.added]

    def make(self, number):
        """The kind, the path and the text of a mutant that builds, or nothing; the tree is as it was."""
        kind = self.kinds[number % len(self.kinds)]
        for _ in range(60):
            path = self.draw.choices(self.files, [p.stat().st_size for p in self.files])[0]
            before = path.read_text()
            lines = before.split("\n")
            if not kind(lines):
                continue
            path.write_text("\n".join(lines))
            builds = self.language.builds(self.root)
            path.write_text(before)
            if builds:
                return kind.__name__, path.relative_to(self.root), "\n".join(lines)
        return None

    def edit(self, lines, pattern, change):
        """Changes one of the matches of `pattern`, drawn among all of the file."""
        found = [(i, m) for i, line in enumerate(lines) for m in re.finditer(pattern, line)
                 if not re.match(r'\s*(//|\*|/\*|import|#|"[^"]*"$|[\w.]* ?"[\w./-]*"$)', line) and "//" not in line[:m.start()]]
        if not found:
            return False
        i, m = self.draw.choice(found)
        lines[i] = lines[i][:m.start()] + change(m) + lines[i][m.end():]
        return True

    def negated(self, lines):
        return self.edit(lines, self.language.condition, lambda m: m[0].replace(m[1], f"!({m[1]})", 1))

    def number(self, lines):
        return self.edit(lines, r"(?<![\w.\"'])\d+(?![\w.\"'])", lambda m: str(int(m[0]) + 1))

    def text(self, lines):
        return self.edit(lines, r'"[^"\\%]+"', lambda m: m[0][:-1] + 'x"')

    def removed(self, lines):
        return self.edit(lines, r"^(\t+|  +)[\w.\[\]()*]+(\.\w+\(.*\);?|(\+\+|--);?| [-+|&]?= .*[^{(,;]| [-+|&]?= .*;)$", lambda m: m[1])

    def operator(self, lines):
        return self.edit(lines, "|".join(map(re.escape, SWAPS)), lambda m: SWAPS[m[0]])

    def comment(self, lines):
        lines.insert(self.draw.randrange(len(lines)), "// a remark")
        return not any("`" in line or "\\" in line for line in lines)

    def added(self, lines):
        lines.append(self.language.added)
        return True


def run(language, repository, at):
    found = language.suite.run(repository, at)
    oracle.git(repository, "clean", "-fdxq", "-e", ".testselect")
    return found


def without(labels, found):
    return suites.Run({x: o for x, o in found.outcomes.items() if x not in labels}, found.errors, found.reports)


def commit(repository):
    oracle.git(repository, "add", "-A", "-f", "--", ".", ":!.testselect")
    oracle.git(repository, "commit", "-q", "-m", "x", "--allow-empty")
    return oracle.git(repository, "rev-parse", "HEAD")


def replace_tree(repository, source):
    for entry in repository.iterdir():
        if entry.name not in (".git", ".testselect"):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    shutil.copytree(source, repository, dirs_exist_ok=True, symlinks=True)


def cases_of(description, args):
    language = LANGUAGES[description["language"]](description)
    at = args.work / f"run-{description['name']}"
    shutil.rmtree(at, ignore_errors=True)
    repository = at / "repository"
    repository.mkdir(parents=True)
    oracle.git(repository, "init", "-q")
    runs, commits = [], []
    for i, release in enumerate(language.releases(args.work)):
        replace_tree(repository, release)
        commits.append(commit(repository))
        runs.append(run(language, repository, at / f"release-{i}"))
        oracle.upload(args.testselect, repository, commits[-1], runs[-1].reports)
    again = run(language, repository, at / "again")
    unstable = {x for x in again.outcomes if again.outcomes[x] != runs[-1].outcomes.get(x)}
    base = without(unstable, runs[-1])
    if len(runs) > 1 and not args.first:
        yield {"kind": "release", **oracle.compare(language.suite, repository, *commits, without(unstable, runs[0]), base, args.testselect, at)}
    mutants = Mutants(repository, language, args.seed)
    for number in range(args.mutants):
        oracle.git(repository, "checkout", "-q", "-f", commits[-1])
        mutant = mutants.make(number)
        if mutant is None or number < args.first:
            continue
        kind, path, text = mutant
        (repository / path).write_text(text)
        head = commit(repository)
        after = without(unstable, run(language, repository, at / f"mutant-{number}"))
        yield {"kind": kind, "path": str(path), **oracle.compare(language.suite, repository, commits[-1], head, base, after, args.testselect, at)}
        shutil.rmtree(at / f"mutant-{number}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--testselect", required=True, type=os.path.abspath)
    parser.add_argument("--project", action="append")
    parser.add_argument("--mutants", type=int, default=21)
    parser.add_argument("--first", type=int, default=0, help="leave out the mutants before this one, and the release")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path.home() / ".cache" / "testselect-accuracy")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    missed = 0
    for description in json.loads((HERE / "projects_compiled.json").read_text()):
        if args.project and description["name"] not in args.project:
            continue
        rows = []
        for row in cases_of(description, args):
            rows.append(row)
            print(f"{description['name']} {row['kind']} {row.get('path', '')}: run {row['run']} of {row['labels']}, changed {row['changed']}, "
                  f"missed {row['missed'][:3]}", file=sys.stderr, flush=True)
        ratios = [r["run"] / max(1, r["labels"]) for r in rows]
        misses = sum(bool(r["missed"]) for r in rows)
        missed += misses
        for name, value, unit in (("cases", len(rows), "cases"), ("changes", sum(bool(r["changed"]) for r in rows), "cases"), ("misses", misses, "cases"),
                                  ("ratio_mean", statistics.mean(ratios), "ratio"), ("ratio_median", statistics.median(ratios), "ratio")):
            print(json.dumps({"name": f"accuracy_{description['name']}_{name}", "value": round(value, 4), "unit": unit, "kind": "ratio",
                              "against": "whole-suite runs"}), flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
