#!/usr/bin/env python3
"""Judges selections on published Python projects: two releases of each, and mutants of the newer one.

  accuracy.py --testselect BINARY [--project NAME]... [--mutants N] [--seed S] [--peers] [--work DIR] [--markdown FILE]

Source distributions come from the package registry, with their tests. Truth is a whole-suite run of every case; a label that
differs between two runs of the same code is unstable and never counted. Runs are kept in --work: an interrupted one goes on
where it was. --peers also asks other selectors, each in an environment of its own. Prints one JSON object a line, as
tests/bench.sh does; exit status 1 where a changed label was not selected.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import sys
import time

import oracle
import peers
import published

HERE = pathlib.Path(__file__).resolve().parent
HEADER = ["project", "selector", "cases", "with a change", "with a miss", "missed labels", "ratio, mean", "median", "of the release",
          "test time saved", "seconds a selection"]


class Product:
    name = "TestSelect"

    def __init__(self, project, testselect):
        self.project, self.testselect, self.uploaded = project, testselect, set()
        shutil.rmtree(project.repository / ".testselect", ignore_errors=True)
        self.options = ["--environment", project.digest]

    def select(self, case, truth):
        base = case["base"]
        if base not in self.uploaded:
            self.uploaded.add(base)
            oracle.upload(self.testselect, self.project.repository, base, self.project.evidence(base).reports,
                          ["--full", *self.options])
        answer, self.seconds = oracle.selected(truth, self.project.repository, base, case["head"], self.testselect, self.project.at,
                                               self.options)
        return answer["run"], ()


class Kept:
    """A peer whose answers are kept, by the trees of the case."""

    def __init__(self, kind, project):
        self.kind, self.project, self.name, self.peer = kind, project, kind.name, None

    def select(self, case, truth):
        at = self.project.at / f"{self.kind.__name__}-{self.project.tree(case['base'])}-{self.project.tree(case['head'])}.json"
        if not at.exists():
            self.peer = self.peer or self.kind(self.project)
            if hasattr(self.peer, "collected"):
                self.peer.collected(case["base"])      # not part of a selection's time
            began = time.monotonic()
            run, seen = self.peer.select(case, truth)
            at.write_text(json.dumps({"run": sorted(run), "seen": sorted(seen), "seconds": time.monotonic() - began}))
        found = json.loads(at.read_text())
        self.seconds = found["seconds"]
        return found["run"], found["seen"]


def judged(project, case, selectors):
    """One row per selector; none where the suite hangs at head."""
    before, after = project.run(case["base"]), project.run(case["head"], timeout=project.timeout(case["base"]))
    if after is None:
        print(f"{project.name} {case['name']} {case['kind']} hangs, left out", file=sys.stderr, flush=True)
        return []
    unstable = project.unstable(case["base"]) | (project.unstable(case["head"]) if case["kind"] == "release" else set())
    truth = oracle.Truth(project.suite, before, after, unstable)
    took = {x: after.seconds.get(x, before.seconds.get(x, 0)) for x in truth.asked}
    rows = []
    for selector in selectors:
        run, seen = selector.select(case, truth)
        row = {**case, "project": project.name, "selector": selector.name, **truth.judge(run, seen), "seconds": selector.seconds,
               "all_time": sum(took.values()), "run_time": sum(took[x] for x in set(run) if x in took)}
        rows.append(row)
        print(f"{project.name} {case['name']} {case['kind']} {case['path']}: {selector.name} runs {row['run']} of {row['labels']}, "
              f"changed {row['changed']}, missed {len(row['missed'])} {row['missed'][:3]}", file=sys.stderr, flush=True)
    return rows


def summary(rows):
    ratios = [r["run"] / max(1, r["labels"]) for r in rows]
    return {"cases": len(rows), "changes": sum(bool(r["changed"]) for r in rows), "misses": sum(bool(r["missed"]) for r in rows),
            "missed_labels": sum(len(r["missed"]) for r in rows), "ratio_mean": statistics.mean(ratios), "ratio_median": statistics.median(ratios),
            "ratio_release": ratios[0], "saved": 1 - sum(r["run_time"] for r in rows) / max(1e-9, sum(r["all_time"] for r in rows)),
            "seconds": statistics.median(r["seconds"] for r in rows)}


def table(rows, described):
    lines = ["| " + " | ".join(HEADER) + " |", "|---" * len(HEADER) + "|"]
    for project, selector in dict.fromkeys((r["project"], r["selector"]) for r in rows):
        s = summary([r for r in rows if (r["project"], r["selector"]) == (project, selector)])
        lines.append(f"| {project} {' -> '.join(described[project]['releases'])} | {selector} | {s['cases']} | {s['changes']} | {s['misses']} | "
                     f"{s['missed_labels']} | {s['ratio_mean']:.3f} | {s['ratio_median']:.3f} | {s['ratio_release']:.3f} | {s['saved']:.0%} | "
                     f"{s['seconds']:.2f} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--testselect", required=True, type=os.path.abspath)
    parser.add_argument("--project", action="append")
    parser.add_argument("--mutants", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path.home() / ".cache" / "testselect-accuracy")
    parser.add_argument("--markdown", type=pathlib.Path)
    parser.add_argument("--rows", type=pathlib.Path, help="every case, as JSON")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    described = {p["name"]: p for p in json.loads((HERE / "projects.json").read_text())}
    rows = []
    for name in args.project or described:
        project = published.Project(described[name], args.work.resolve())
        cases = project.cases(args.mutants, args.seed)
        selectors = [Product(project, args.testselect)] + [Kept(kind, project) for kind in peers.ALL if args.peers]
        rows += [row for case in cases for row in judged(project, case, selectors)]
        for key, value in summary([r for r in rows if r["project"] == name and r["selector"] == Product.name]).items():
            print(json.dumps({"name": f"accuracy_{name}_{key}", "value": round(value, 4), "unit": "s" if key == "seconds" else "count" if isinstance(value, int) else "ratio",
                              "kind": "ratio", "against": "whole-suite runs"}), flush=True)
    if args.rows:
        args.rows.write_text(json.dumps(rows, indent=1))
    if args.markdown:
        args.markdown.write_text(table(rows, described))
    return int(any(r["missed"] for r in rows if r["selector"] == Product.name))


if __name__ == "__main__":
    sys.exit(main())
