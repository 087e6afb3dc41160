#!/usr/bin/env python3
"""Makes a workload for the benchmarks: a git history, per-test coverage of two of its commits, a list of labels.

Needs Python 3.9 and git only. The same arguments give the same commits and the same reports. Writes below OUT:

  repo.git          bare; branch main with the history, branches thin/N each one commit on top of the first
  labels.txt        the labels in the order of the suite, one a line
  c0/.coverage      coverage of main's first commit: coverage.py's SQLite (schema 7, absolute paths in /build/project)
  c0/.coverage.worker0 to 3    the same labels dealt out over four processes (all but the preset "large")
  c0/coverage.json             the same as JSON with contexts (the same presets)
  c1/.coverage, c1-noise/.coverage    of main's second commit; and again with that share of (label, function) pairs
                    that took another branch (the same presets)
  workload.json     commits, sizes and counts
"""
import argparse
import json
import os
import random
import sys
import time

from workload.history import Editor, Importer
from workload.project import Project
from workload.reports import Coverage, write_json, write_sqlite
from workload.suite import Suite

ROOT = "/build/project"
THIN_LINES = 5  # that a thin head changes in each of its files
PRESETS = {
    "small": dict(labels=1_000, sources=200, lines=150, files_per_test=14, thin_heads=4, thin_files=25, ingest=True),
    "medium": dict(labels=20_000, sources=2_000, lines=200, files_per_test=26, thin_heads=8, thin_files=200, ingest=True),
    "large": dict(labels=100_000, sources=10_000, lines=250, files_per_test=34, thin_heads=13, thin_files=200, ingest=False),
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", help="a folder that does not exist yet, or is empty")
    parser.add_argument("--preset", choices=PRESETS, default="small")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--commits", type=int, default=10, help="ordinary commits after the first (default 10)")
    parser.add_argument("--change-ratio", type=float, default=0.01, help="share of files an ordinary commit edits")
    parser.add_argument("--cohesion", type=float, default=0.7, help="share of a test module's functions all its tests enter")
    parser.add_argument("--noise", type=float, default=0.001, help="for c1-noise (default 0.001)")
    parser.add_argument("--labels", type=int, help="instead of the preset's")
    parser.add_argument("--sources", type=int, help="source files, instead of the preset's")
    options = parser.parse_args()
    if os.path.isdir(options.out) and os.listdir(options.out):
        parser.error(f"{options.out} is not empty")
    shape = dict(PRESETS[options.preset])
    for name in ("labels", "sources"):
        if getattr(options, name) is not None:
            shape[name] = getattr(options, name)
    if shape["labels"] < 1 or shape["sources"] < 24:
        parser.error("at least 1 label and 24 source files are needed")
    shape["thin_files"] = min(shape["thin_files"], shape["sources"] // (2 * shape["thin_heads"]))
    return options, shape


def write_coverage(out, name, coverage, with_json=False, shards=0):
    folder = os.path.join(out, name)
    os.makedirs(folder)
    counts = write_sqlite(coverage, os.path.join(folder, ".coverage"), ROOT, shards)
    if with_json:
        write_json(coverage, os.path.join(folder, "coverage.json"))
    counts["bytes"] = {file: os.path.getsize(os.path.join(folder, file)) for file in sorted(os.listdir(folder))}
    return counts


def write_history(options, shape, project, suite, result):
    """The repository, and coverage of its commits as they come; `result` gets commits and counts."""
    with Importer(os.path.join(options.out, "repo.git")) as importer:
        first = importer.commit("main", 0, "first", project.files)
        editor, executed = Editor(project, options.change_ratio), suite.executed_branches()
        changes = editor.thin_changes(shape["thin_heads"], shape["thin_files"], THIN_LINES, executed)
        thin = [importer.commit(f"thin/{n}", first, f"thin {n}", files) for n, files in enumerate(changes)]
        result["coverage"]["c0"] = write_coverage(
            options.out, "c0", Coverage(project, suite, {}, 0), shape["ingest"], 4 if shape["ingest"] else 0)
        marks = [first]
        for number in range(1, options.commits + 1):
            files, renames = editor.ordinary_commit(number)
            marks.append(importer.commit("main", marks[-1], f"change {number}", files, renames))
            if number == 1 and shape["ingest"]:
                for name, noise in (("c1", 0.0), ("c1-noise", options.noise)):
                    coverage = Coverage(project, suite, editor.offspring, 1, noise)
                    result["coverage"][name] = write_coverage(options.out, name, coverage)
    ids = importer.ids()
    result["commits"] = [ids[mark] for mark in marks]
    result["thin"] = {"heads": [ids[mark] for mark in thin], "files": shape["thin_files"],
                      "lines": THIN_LINES * shape["thin_files"]}


def main():
    options, shape = arguments()
    os.makedirs(options.out, exist_ok=True)
    started = time.monotonic()
    rng = random.Random(options.seed)
    project = Project(rng)
    project.add_sources(shape["sources"], shape["lines"])
    suite = Suite(project)
    suite.build(shape["labels"], shape["files_per_test"], options.cohesion)
    result = {"preset": options.preset, "seed": options.seed, "root": ROOT, "labels": len(suite.labels),
              "files": len(project.files), "lines": sum(f.line_count() for f in project.files), "coverage": {}}
    with open(os.path.join(options.out, "labels.txt"), "w", encoding="utf-8") as out:
        out.writelines(label + "\n" for label in suite.labels)

    write_history(options, shape, project, suite, result)
    with open(os.path.join(options.out, "workload.json"), "w", encoding="utf-8") as out:
        json.dump(result, out, indent=1)
        out.write("\n")
    print(f"{result['labels']:,} labels, {result['files']:,} files, {result['coverage']['c0']['pairs']:,} (label, line) "
          f"pairs in {time.monotonic() - started:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
