#!/usr/bin/env python3
"""Replays a project's history with nothing but the selected tests run, and judges it by whole-suite runs of every commit.

  replay.py --testselect BINARY [--repository PATH_OR_URL [--end REVISION]] [--commits N] [--package NAME]... [--path DIR]...
            [--tests PATH]... [--work DIR] [--rows FILE]

The first commit's whole suite runs with coverage and is uploaded in full. Of every later one of the first-parent line the selection
from its predecessor is asked for, the selected tests alone run with coverage, and they are uploaded as a subset, with their outcomes.
Truth is a whole-suite run of each commit without coverage. A label whose outcome differs from its latest one there, and that was not
selected, is a miss; where two runs of the same code differ about it, it is not counted. A label's outcome of when it last ran must be
that of the last commit, too. Runs are kept in --work: an interrupted replay goes on where it was.

--repository takes real commits of any Python project; --package names what its tests need installed (its own name, too, where it
asks for its metadata). Without one the history is made of releases of click: source distributions have no commits, so each release is one.
Prints one JSON object a line, as tests/bench.sh does; exit status 1 where there is a miss.
"""
import argparse
import hashlib
import json
import os
import pathlib
import shutil
import statistics
import sys
import time

import oracle
import published
import suites

RELEASES = ["8.0.0", "8.0.1", "8.0.2", "8.0.3", "8.0.4", "8.1.0", "8.1.1", "8.1.2", "8.1.3", "8.1.4", "8.1.5", "8.1.6", "8.1.7", "8.1.8",
            "8.2.0", "8.2.1"]


class History(published.Project):
    """Consecutive commits of a project, oldest first."""

    def __init__(self, description, work):
        super().__init__(description, work)
        self.truth = self.at / f"truth-{self.digest[:16]}"
        self.truth.mkdir(exist_ok=True)
        self.repository.mkdir(exist_ok=True)
        self.git("init", "-q")

    def of_repository(self, source, end, count):
        self.git("fetch", "-q", "--no-tags", source, end)
        return self.git("rev-list", "--first-parent", f"--max-count={count + 1}", "FETCH_HEAD").split()[::-1]

    def of_releases(self, count):
        self.git("checkout", "-q", "--orphan", f"releases-{time.time_ns()}")
        commits = []
        for version in self.description["releases"][-count - 1:]:
            self.git("rm", "-rqf", "--ignore-unmatch", ".")
            self.git("clean", "-fdxq", "-e", "/.testselect")
            shutil.copytree(self.release(version), self.repository, dirs_exist_ok=True, symlinks=True)
            commits.append(self.commit())
        return commits

    def unstable(self, commit):
        once, again = self.run(commit).outcomes, self.run(commit, "again").outcomes
        return {x for x in once.keys() | again.keys() if once.get(x) != again.get(x)}

    def part(self, commit, labels):
        """A run of these labels alone, with coverage."""
        digest = hashlib.sha256("\n".join(sorted(labels)).encode()).hexdigest()[:16]
        return self.run(commit, f"part-{digest}", cover=True, only=labels)


class Replay:
    def __init__(self, project, testselect):
        self.project, self.testselect, self.options = project, testselect, ["--environment", project.digest]
        self.known = {}                                # label -> its latest outcome in a whole-suite run
        self.ran = {}                                  # label -> (commit, outcome there) of when it was last selected
        self.upload_seconds = 0.0
        shutil.rmtree(project.repository / ".testselect", ignore_errors=True)

    def upload(self, commit, run, kind):
        report = pathlib.Path(run.reports[0]) if run.reports else None
        if report is None or not report.exists():
            return False                               # nothing was collected
        began = time.monotonic()
        oracle.upload(self.testselect, self.project.repository, commit, [str(report)],
                      [kind, "--outcomes", str(report.with_name("junit.xml")), *self.options])
        self.upload_seconds = time.monotonic() - began
        return True

    def start(self, commit):
        whole = self.project.run(commit)
        if not whole.outcomes or not self.upload(commit, self.project.evidence(commit), "--full"):
            raise RuntimeError(f"the suite does not run at the first commit, {commit}")
        self.known = dict(whole.outcomes)
        self.ran = {x: (commit, outcome) for x, outcome in whole.outcomes.items()}

    def truth(self, parent, commit, unstable=()):
        """A label that was away and came back is compared with what it was."""
        before, after = self.project.run(parent), self.project.run(commit)
        outcomes = {**{x: o for x, o in self.known.items() if x in after.outcomes}, **before.outcomes}
        return oracle.Truth(self.project.suite, suites.Run(outcomes, before.errors), after, unstable)

    def step(self, parent, commit):
        truth, whole = self.truth(parent, commit), self.project.run(commit)
        answer, seconds = oracle.selected(truth, self.project.repository, parent, commit, self.testselect, self.project.at, self.options)
        run = set(answer["run"])
        verdict = truth.judge(run)
        if verdict["missed"]:
            unstable = self.project.unstable(parent) | self.project.unstable(commit)
            verdict = self.truth(parent, commit, unstable).judge(run)
        part = self.project.part(commit, run) if run else suites.Run({})
        uploaded = self.upload(commit, part, "--subset")
        self.known.update(whole.outcomes)
        self.ran.update({x: (commit, whole.outcomes[x]) for x in run if x in whole.outcomes})
        took = whole.seconds
        return {"commit": commit, **verdict, "uploaded": uploaded, "select_seconds": seconds,
                "upload_seconds": self.upload_seconds if uploaded else 0, "all_seconds": sum(took.values()),
                "run_seconds": sum(s for x, s in took.items() if x in run), "index": answer["index"], "fallback": answer["fallback"],
                "reasons": answer["reasons"],
                "otherwise_alone": sorted(x for x, o in part.outcomes.items() if whole.outcomes.get(x, o) != o)}

    def outdated(self, last):
        """Labels whose outcome of when they last ran is not that of the last commit."""
        found = []
        for label, outcome in self.project.run(last).outcomes.items():
            commit, then = self.ran.get(label, (last, None))
            if then != outcome and label not in self.project.unstable(last) | self.project.unstable(commit):
                found.append(label)
        return found

    def chain(self):
        """How many segments the index has, from the last upload back to the full one."""
        listed = suites.sh([self.testselect, "index", "list", "--json", "--repo", str(self.project.repository)], self.project.repository).stdout
        return sum(len(commit["segments"]) for commit in json.loads(listed)["commits"])


def told(number, row):
    print(f"{number:3} {row['commit'][:10]} runs {row['run']} of {row['labels']}, changed {row['changed']}, missed {len(row['missed'])} "
          f"{row['missed'][:3]}{' all: ' + row['fallback']['code'] if row['fallback'] else ''}", file=sys.stderr, flush=True)


def summary(rows, outdated, chain):
    ratios = [r["run"] / max(1, r["labels"]) for r in rows]
    everything = sum(r["all_seconds"] for r in rows)
    saved = everything - sum(r["run_seconds"] for r in rows)
    return [("commits", len(rows), "count", "ratio"), ("commits_with_a_change", sum(bool(r["changed"]) for r in rows), "count", "ratio"),
            ("changed_labels", sum(r["changed"] for r in rows), "count", "ratio"),
            ("misses", sum(len(r["missed"]) for r in rows), "count", "ratio"), ("outdated_at_the_end", len(outdated), "count", "ratio"),
            ("otherwise_alone", len({x for r in rows for x in r["otherwise_alone"]}), "count", "ratio"),
            ("ratio", sum(r["run"] for r in rows) / max(1, sum(r["labels"] for r in rows)), "ratio", "ratio"),
            ("ratio_mean", statistics.mean(ratios), "ratio", "ratio"), ("ratio_median", statistics.median(ratios), "ratio", "ratio"),
            ("saved", saved, "s", "time"), ("saved_share", saved / max(1e-9, everything), "ratio", "ratio"),
            ("uploads", sum(r["uploaded"] for r in rows), "count", "ratio"), ("chain_length", chain, "count", "ratio"),
            ("select_median", statistics.median(r["select_seconds"] for r in rows), "s", "time"),
            ("upload_median", statistics.median([r["upload_seconds"] for r in rows if r["uploaded"]] or [0]), "s", "time")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--testselect", required=True, type=os.path.abspath)
    parser.add_argument("--repository", help="a path or URL")
    parser.add_argument("--end", default="HEAD", help="the last commit, as the repository names it")
    parser.add_argument("--commits", type=int, default=50)
    parser.add_argument("--package", action="append", default=[])
    parser.add_argument("--path", action="append", help="a folder of the repository that is imported from; default: src")
    parser.add_argument("--tests", action="append", help="what pytest is given; default: tests")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path.home() / ".cache" / "testselect-replay")
    parser.add_argument("--rows", type=pathlib.Path, help="every commit, as JSON")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    source = args.repository and (os.path.abspath(args.repository) if os.path.exists(args.repository) else args.repository)
    name = pathlib.PurePath(source).name.removesuffix(".git") if source else "click"
    project = History({"name": name, "releases": [] if source else RELEASES, "requirements": args.package,
                       "path": args.path or ["src"], "arguments": args.tests or ["tests"]}, args.work.resolve())
    commits = project.of_repository(source, args.end, args.commits) if source else project.of_releases(args.commits)
    replay, rows = Replay(project, args.testselect), []
    replay.start(commits[0])
    for number, (parent, commit) in enumerate(zip(commits, commits[1:]), 1):
        rows.append(replay.step(parent, commit))
        told(number, rows[-1])
        if args.rows:
            args.rows.write_text(json.dumps(rows, indent=1))
    outdated = replay.outdated(commits[-1])
    for label in outdated:
        print(f"the last outcome of {label} is not the last commit's", file=sys.stderr)
    for key, value, unit, kind in summary(rows, outdated, replay.chain()):
        print(json.dumps({"name": f"replay_{name}_{key}", "value": round(value, 4), "unit": unit, "kind": kind, "against": "whole-suite runs"}))
    return int(bool(outdated) or any(r["missed"] for r in rows))


if __name__ == "__main__":
    sys.exit(main())
