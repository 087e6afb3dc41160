"""How fast, and in how much memory and space, evidence is stored."""
import os
import shutil
import subprocess
import sys

from .bench import BenchError, Server, log, median, size_of


def ingest_once(bench, workload, *reports):
    """Reads reports of the first commit into a store of their own, in a process of its own."""
    with bench.scratch() as scratch:
        return bench.run("ingest_bench", "--store", os.path.join(scratch, "index"), "--git-dir", workload.repository,
                         "--commit", workload.commits[0], "--path-root", workload.root, *reports)[0]


def upload_once(bench, workload, *reports):
    """The same through a fresh server."""
    with bench.scratch() as scratch, Server(bench, os.path.join(scratch, "data"), workload.repository) as server:
        return server.upload(workload, 0, *reports)


def json_reports(bench):
    """One big JSON with contexts: from disk, through the server, and beside a walk over it."""
    workload = bench.workload("medium")
    report = workload.path("c0", "coverage.json")
    walks, reads, uploads = [], [], []
    for _ in range(bench.rounds(5)):
        walk = bench.run("walk_bench", report)[0]
        read = ingest_once(bench, workload, report)
        upload = upload_once(bench, workload, report)
        log(f"  {walk['bytes']:,} B: walk {walk['cpu']:.2f} s; read {read['cpu']:.2f} s (parse {read['cpu_parse']:.2f}, "
            f"commit {read['cpu_commit']:.2f}); through the server {upload['cpu']:.2f} s; memory "
            f"+{read['peak_growth'] >> 20} MiB, server +{upload['peak_growth'] >> 20} MiB (cpu times)")
        walks.append(walk["cpu"])
        reads.append(read["cpu"])
        uploads.append(upload)
    return {"ingest_vs_walk": median(walks) / median(reads),
            "ingest_upload_vs_walk": median(walks) / median(u["cpu"] for u in uploads),
            "ingest_memory_vs_bytes": max(u["peak_growth"] / u["bytes"] for u in uploads)}


def cpu_of(command, folder):
    """CPU seconds of a command and what it started."""
    process = subprocess.Popen(command, cwd=folder, stdout=sys.stderr)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise BenchError(f"{' '.join(command)} ended with status {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def combine(bench):
    """Four processes' SQLite files, stored by us and combined by coverage.py."""
    workload, coverage = bench.workload("medium"), bench.coverage_command()
    shards = [workload.path("c0", f".coverage.worker{n}") for n in range(4)]
    if not os.path.exists(shards[0]):
        raise BenchError("the shared workload has no files per process; use the project's own")
    ours, theirs = [], []
    for _ in range(bench.rounds(5)):
        read = ingest_once(bench, workload, *shards)
        with bench.scratch() as scratch:
            theirs.append(cpu_of([*coverage, "combine", "--quiet", "--keep", *shards], scratch))
        log(f"  4 files, {read['pairs']:,} pairs: {read['cpu']:.2f} s (parse {read['cpu_parse']:.2f}, commit "
            f"{read['cpu_commit']:.2f}); coverage combine {theirs[-1]:.2f} s (cpu times)")
        ours.append(read["cpu"])
    # The rows are the same on both sides, so the ratio of the times is that of the times per row.
    return {"ingest_sqlite_vs_combine": median(theirs) / median(ours)}


def store_and_compact(bench, workload, data, commit, folder):
    """Uploads one commit's SQLite to the server over `data`, stops it and compacts. Returns (all bytes, bytes without
    the engine's own diagnostic log, pairs). Cut sources are left out: a cache whose size goes by the code."""
    with Server(bench, data, workload.repository, "--prepare-sources=false",
                "--keep-sources=false") as server:
        found = server.upload(workload, commit, workload.path(folder, ".coverage"))
    index = os.path.join(data, "index")
    bench.run("ingest_bench", "--store", index, "--compact")
    return size_of(data), size_of(data, skip=("LOG", "OPTIONS-")), found["pairs"]


def density(bench):
    """The size of the whole data folder after one commit, and what the next one adds."""
    workload = bench.workload("medium")
    with bench.scratch() as scratch:
        first, second = os.path.join(scratch, "first"), os.path.join(scratch, "second")
        total, before, pairs = store_and_compact(bench, workload, first, 0, "c0")
        report = os.path.getsize(workload.path("c0", ".coverage"))
        log(f"  first commit: {total:,} B on disk ({total - before:,} B of them the engine's log and options) for "
            f"{pairs:,} pairs; the report has {report:,} B, {8 * report / pairs:.1f} bit a pair")
        results = {"density_bits": 8 * total / pairs}
        for name, folder in (("second_commit_percent", "c1"), ("second_commit_noise_percent", "c1-noise")):
            shutil.copytree(first, second)
            _, after, _ = store_and_compact(bench, workload, second, 1, folder)
            log(f"  {folder}: {after - before:+,} B to {before:,} B")
            results[name] = 100 * (after - before) / before
            shutil.rmtree(second)
    return results
