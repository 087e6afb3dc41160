#!/usr/bin/env python3
"""Runs the benchmarks; tests/bench.sh builds first and then calls this. One JSON object a line on standard output."""
import argparse
import json
import os
import subprocess
import sys

from benchmarks import frontends, ingest, recording, selection
from benchmarks.bench import SOURCE_DIR, Bench, BenchError, log

NULL = "a null server that parses the same request and returns the same bytes"
# name: (what runs it, unit, kind, against, a sentence)
BENCHMARKS = {
    "select_vs_null": (selection.shapes, "x", "ratio", NULL, "p50 of a warm SelectTests, 100,000 packed labels to bit sets"),
    "select_vs_null_cpu": (selection.shapes, "x", "ratio", NULL, "the same, CPU time of the server"),
    "select_new_list_vs_null": (
        selection.shapes, "x", "ratio", NULL,
        "as select_vs_null for a known head, but a list of labels that was never sent before"),
    "select_new_list_vs_null_cpu": (selection.shapes, "x", "ratio", NULL, "the same, CPU time of the server"),
    "select_digest_vs_packed_null": (
        selection.shapes, "x", "ratio", "the null server with packed labels",
        "p50 of a warm SelectTests whose labels are named by their digest, to bit sets"),
    "select_digest_vs_packed_null_cpu": (
        selection.shapes, "x", "ratio", "the null server with packed labels", "the same, CPU time of the server"),
    "select_strings_vs_null": (selection.shapes, "x", "ratio", NULL, "p50 of a warm SelectTests, strings to strings"),
    "select_strings_vs_null_cpu": (selection.shapes, "x", "ratio", NULL, "the same, CPU time of the server"),
    "cold_vs_parse": (
        selection.cold, "x", "ratio", "reading and tree-sitter-parsing the head's blobs alone",
        "time to the first answer for a head that changes 200 files thinly"),
    "cold_vs_parse_cpu": (
        selection.cold, "x", "ratio", "reading and tree-sitter-parsing the head's blobs alone",
        "the same, CPU time of the server"),
    "throughput_vs_echo": (
        selection.throughput, "x", "ratio", "a null server with the same request and answer",
        "calls per second, 20 labels, cached, 32 in flight (more is better)"),
    "throughput_vs_echo_cpu": (
        selection.throughput, "x", "ratio", "a null server with the same request and answer",
        "CPU time of the server per call"),
    "frontends_vs_one": (
        frontends.frontends, "x", "ratio", "one of them",
        "calls per second of three frontends of one object store, 20 labels, cached, 32 in flight at each (more is better)"),
    "frontend_cold_vs_warm": (
        frontends.frontends, "x", "ratio", "the same frontend's first sight of another head",
        "time to the first answer of a frontend with an empty disk"),
    "frontend_cold_vs_warm_cpu": (
        frontends.frontends, "x", "ratio", "the same frontend's first sight of another head",
        "the same, CPU time of the frontend"),
    "ingest_vs_walk": (
        ingest.json_reports, "x", "ratio", "a simdjson walk over the same bytes that unescapes labels",
        "JSON with contexts on disk to a durable segment: bytes per CPU second (more is better)"),
    "ingest_upload_vs_walk": (
        ingest.json_reports, "x", "ratio", "a simdjson walk over the same bytes that unescapes labels",
        "the same through the server: receiving, checking and spooling the bytes included (more is better)"),
    "ingest_memory_vs_bytes": (
        ingest.json_reports, "x", "ratio", "the bytes uploaded",
        "growth of the server's peak resident memory by one upload of a big JSON"),
    "ingest_sqlite_vs_combine": (
        ingest.combine, "x", "ratio", "coverage combine of the same four files",
        "coverage.py SQLite to a durable segment: rows per CPU second (more is better)"),
    "density_bits": (
        ingest.density, "bit/pair", "bytes", "(label, line) pairs",
        "everything in the data folder after compaction, of one commit"),
    "second_commit_percent": (
        ingest.density, "%", "ratio", "the first commit's bytes",
        "bytes that a further commit adds, 1 of 100 files changed"),
    "second_commit_noise_percent": (
        ingest.density, "%", "ratio", "the first commit's bytes",
        "the same with noise in 0.1% of the (label, function) pairs"),
    "recording": (
        recording.recording, "x", "ratio", "the same suite without it, CPU time",
        "a whole suite of 1,238 tests with pytest-testselect's recorder"),
    "recording_coverage": (
        recording.recording, "x", "ratio", "the same suite without it, CPU time",
        "the same suite with coverage.py's contexts"),
}


def arguments():
    parser = argparse.ArgumentParser(prog="tests/bench.sh", description="Measures TestSelect against yardsticks of the same run.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="which benchmarks to run (default: all)")
    parser.add_argument("--list", action="store_true", help="print the names, each with a sentence")
    parser.add_argument("--quick", action="store_true", help="small workloads and few rounds: does it run? no figures to quote")
    parser.add_argument("--workload", choices=["own", "shared"], default="own",
                        help="shared: made by load/gen_workload.py in $TESTSELECT_SHARED (default ../shared); "
                        "for ingest_ (but combine), density_ and second_ only")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark '{unknown[0]}'; --list prints the names")
    return options


def cache_dir():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.environ.get("TESTSELECT_BENCH_DIR") or os.path.join(base, "testselect-bench")


def run_all(bench, wanted):
    """Prints each result as soon as it is there. Returns the names that failed."""
    failed, done = [], {}
    for name in wanted:
        runner, unit, kind, against, sentence = BENCHMARKS[name]
        if runner not in done:
            log(f"{name}: {sentence}")
            try:
                done[runner] = runner(bench)
            except (BenchError, OSError, subprocess.CalledProcessError) as error:
                log(f"{name} failed: {error}")
                done[runner] = None
        if done[runner] is None:
            failed.append(name)
            continue
        print(json.dumps({"name": name, "value": float(f"{done[runner][name]:.4g}"), "unit": unit, "kind": kind,
                          "against": against}), flush=True)
    return failed


def main():
    options = arguments()
    if options.list:
        for name, (*_, against, sentence) in BENCHMARKS.items():
            print(f"{name}: {sentence}; against {against}")
        return 0
    build = os.environ.get("TESTSELECT_BUILD_DIR") or os.path.join(SOURCE_DIR, "build", "release")
    shared = os.environ.get("TESTSELECT_SHARED") or os.path.join(os.path.dirname(SOURCE_DIR), "shared")
    bench = Bench(build, cache_dir(), options.quick, shared if options.workload == "shared" else None)
    try:
        failed = run_all(bench, options.names or list(BENCHMARKS))
    finally:
        bench.close()
    if failed:
        log(f"{len(failed)} did not run: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
