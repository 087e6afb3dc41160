#!/usr/bin/env python3
"""Judges selections by whole-suite runs of small made-up projects.

  oracle.py --testselect BINARY [--language NAME]... [--only REGEX] [--json FILE] [--work DIR] [--keep]

Each trap is a project and an edit that other selectors lose tests on (traps_<language>.py). Its whole suite is run before
and after the edit; a label whose outcome differs, or that is new, is changed. The evidence of the first run is uploaded,
the labels of the second are asked for, and a changed label that was not selected is a miss. A label that no longer builds
counts as found where another that fails for the same cause was selected.

Prints one line a trap and a table; exit status 1 where there is a miss, 77 where no language could be run.
"""
import argparse
import importlib
import json
import os
import pathlib
import re
import shutil
import statistics
import sys
import tempfile
import time

import suites


def git(project, *args):
    return suites.sh(["git", "-c", "user.name=oracle", "-c", "user.email=oracle@localhost", *args], project).stdout.strip()


def write(project, files):
    for path, text in files.items():
        target = project / path
        if text is None:
            target.unlink()
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, tuple):                    # a symbolic link
            target.unlink(missing_ok=True)
            target.symlink_to(text[0])
        else:
            target.write_bytes(text.encode() if isinstance(text, str) else text)


def edited(files, edits):
    """Edits are whole files, None for a deletion, or [(from, to), ...]."""
    after = {}
    for path, edit in edits.items():
        if isinstance(edit, list):
            text = files[path]
            for old, new in edit:
                if old not in text:
                    raise ValueError(f"{path}: {old!r} is not in it")
                text = text.replace(old, new)
            after[path] = text
        else:
            after[path] = edit
    return after


def commit(project):
    git(project, "add", "-A", "-f")
    git(project, "commit", "-q", "-m", "x", "--allow-empty")
    return git(project, "rev-parse", "HEAD")


def without_numbers(label):
    return re.sub(r"0x[0-9a-f]+|[0-9]+", "#", label)


class Truth:
    """What two whole runs say about a change: the labels that may be asked for, and those that a selection must have.

    `unstable` labels differ between runs of the same code; so do others that are made of a clock or an address like them.
    """

    def __init__(self, suite, before, after, unstable=()):
        drifting = {without_numbers(x) for x in unstable}
        outcomes = {x: o for x, o in after.outcomes.items() if x in before.outcomes or without_numbers(x) not in drifting}
        self.changed = {x for x in outcomes if outcomes[x] != before.outcomes.get(x)} - set(unstable)
        self.broken = {x: e for e in after.errors for x in before.outcomes
                       if x not in after.outcomes and x not in unstable and suite.label_fails_with(x, e)}
        self.asked = sorted(set(outcomes) | set(self.broken))

    def missed(self, run, seen=()):
        """Labels that a selection lost. `seen` are causes that its run shows even without a label."""
        found = {self.broken[x] for x in self.broken if x in run} | set(seen)
        return sorted(self.changed - run) + sorted(x for x, e in self.broken.items() if x not in run and e not in found)

    def judge(self, run, seen=()):
        run = set(run) & set(self.asked)
        return {"labels": len(self.asked), "run": len(run), "changed": len(self.changed) + len(self.broken), "missed": self.missed(run, seen)}


def selected(truth, project, base, head, testselect, work, options=()):
    """Asks for the selection from base to head: the answer, and how long it took."""
    (work / "labels").write_text("".join(x + "\n" for x in truth.asked))
    began = time.monotonic()
    out = suites.sh([testselect, "select", "--repo", str(project), "--base", base, "--head", head, "--labels-file",
                     str(work / "labels"), "--format", "json", *options], project).stdout
    return json.loads(out), time.monotonic() - began


def compare(suite, project, base, head, before, after, testselect, work):
    """Asks for the selection from base to head, and judges it by the two runs."""
    truth = Truth(suite, before, after)
    answer, seconds = selected(truth, project, base, head, testselect, work)
    return {"language": suite.name, **truth.judge(answer["run"]), "reasons": answer["reasons"], "seconds": seconds}


def upload(testselect, project, commit_id, reports, options=("--full",)):
    suites.sh([testselect, "upload", "--repo", str(project), "--commit", commit_id, *options, *reports], project)


def judge(trap, suite, testselect, work):
    project = work / "project"
    project.mkdir()
    git(project, "init", "-q")
    write(project, trap["files"])
    base = commit(project)
    before = suite.run(project, work / "before")
    if before.errors or not before.outcomes:
        raise RuntimeError(f"{trap['name']}: the suite does not run before the edit: {before.errors}")
    write(project, edited(trap["files"], trap["edits"]))
    head = commit(project)
    after = suite.run(project, work / "after")
    git(project, "clean", "-fdxq")
    upload(testselect, project, base, before.reports)
    return {"trap": trap["name"], "most": trap.get("most"), **compare(suite, project, base, head, before, after, testselect, work)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--testselect", required=True, type=os.path.abspath)
    parser.add_argument("--language", action="append")
    parser.add_argument("--only", default="")
    parser.add_argument("--shard", default="1/1", metavar="I/N", help="every Nth trap, from the Ith on")
    parser.add_argument("--json")
    parser.add_argument("--work", type=pathlib.Path)
    parser.add_argument("--keep", action="store_true", help="leave the projects in --work")
    args = parser.parse_args()
    work = args.work or pathlib.Path(tempfile.mkdtemp(prefix="testselect-oracle-"))
    work.mkdir(parents=True, exist_ok=True)
    first, step = map(int, args.shard.split("/"))
    rows = []
    try:
        for name, suite in suites.all_suites().items():
            if args.language and name not in args.language:
                continue
            if not suite.available():
                print(f"{name}: its tools are not installed here, left out", file=sys.stderr)
                continue
            for trap in importlib.import_module(f"traps_{name}").TRAPS[first - 1::step]:
                if not re.search(args.only, trap["name"]):
                    continue
                if "since" in trap and suite.version() < trap["since"]:
                    print(f"{name:10} {trap['name']:34} left out: its tools are older than {'.'.join(map(str, trap['since']))}", flush=True)
                    continue
                at = work / f"{name}-{trap['name']}"
                shutil.rmtree(at, ignore_errors=True)
                at.mkdir()
                row = judge(trap, suite, args.testselect, at)
                rows.append(row)
                wrong = "MISS " + " ".join(row["missed"][:3]) if row["missed"] else ""
                if row["most"] is not None and row["run"] > row["most"]:
                    wrong += f" TOO MANY (at most {row['most']})"
                    row["too_many"] = True
                print(f"{name:10} {trap['name']:34} run {row['run']:3} of {row['labels']:3}, changed {row['changed']:3} {wrong}", flush=True)
                if not args.keep:
                    shutil.rmtree(at)
    finally:
        if not args.keep and args.work is None:
            shutil.rmtree(work, ignore_errors=True)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(rows, indent=1))
    for name in sorted({r["language"] for r in rows}):
        of = [r for r in rows if r["language"] == name]
        print(f"{name}: {len(of)} traps, {sum(bool(r['changed']) for r in of)} with a change, "
              f"{sum(bool(r['missed']) for r in of)} with a miss, mean ratio {statistics.mean(r['run'] / max(1, r['labels']) for r in of):.3f}")
    if not rows:
        return 77
    return int(any(r["missed"] or r.get("too_many") for r in rows))


if __name__ == "__main__":
    sys.exit(main())
