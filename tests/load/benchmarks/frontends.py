"""Several frontends of one object store, a folder here: what they answer together, and what a new one costs."""
import contextlib
import os
import time

from .bench import BenchError, Server, log, median

FRONTENDS = 3
# Of one processor, for each frontend: three of them and whoever asks fit on two processors then, so that what limits
# the frontends is their own share and not the machine.
SHARE = 0.05
GROUPS = "/sys/fs/cgroup"


class Share:
    """Lets a process use SHARE of one processor. A context manager; `held` tells whether this machine allows it."""

    def __init__(self, pid, name):
        first = os.path.join(GROUPS, "cpu") if os.path.isdir(os.path.join(GROUPS, "cpu")) else GROUPS
        self.folder, self.pid, self.held = os.path.join(first, f"testselect-bench-{os.getpid()}-{name}"), pid, False

    def __enter__(self):
        period = 20_000  # us
        try:
            os.mkdir(self.folder)
            if os.path.exists(self.path("cpu.cfs_quota_us")):
                self.write("cpu.cfs_period_us", period)
                self.write("cpu.cfs_quota_us", int(SHARE * period))
            else:
                self.write("cpu.max", f"{int(SHARE * period)} {period}")
            self.write("cgroup.procs", self.pid)
            self.held = True
        except OSError as error:
            log(f"  processors cannot be shared out here ({error}): the frontends use all there are")
        return self

    def __exit__(self, *_):
        if not os.path.isdir(self.folder):
            return
        if self.held:
            with open(os.path.join(os.path.dirname(self.folder), "cgroup.procs"), "w", encoding="utf-8") as file:
                file.write(str(self.pid))
        os.rmdir(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, value):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(str(value))


def first_answer(bench, server, workload, head):
    """Asks once; wall and processor seconds."""
    wall, cpu = time.monotonic(), server.cpu()
    bench.run("fleet_bench", "--frontend", server.address, "--repository", "bench", "--base", workload.commits[0],
              "--head", head, "--labels", workload.labels, "--calls", "1", "--in-flight", "1", "--rounds", "1")
    return time.monotonic() - wall, server.cpu() - cpu


def await_pack(indexer):
    """Waits until the indexer has shared the commit's cut sources."""
    give_up = time.monotonic() + 120
    while indexer.metric("testselect_source_packs_total") < 1:
        if time.monotonic() > give_up:
            raise BenchError("the indexer shared no cut sources within two minutes")
        time.sleep(0.1)


def frontends(bench):
    """One indexer and three frontends on the large workload."""
    workload = bench.workload("large")
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(bench.scratch())
        os.mkdir(os.path.join(scratch, "objects"))

        def start(name, role):
            return stack.enter_context(Server(
                bench, os.path.join(scratch, name), workload.repository, f"--role={role}",
                "--object-store=file://" + os.path.join(scratch, "objects")))

        indexer = start("indexer", "indexer")
        indexer.upload(workload, 0, workload.path("c0", ".coverage"))
        await_pack(indexer)
        fleet = [start(f"frontend-{n}", "frontend") for n in range(FRONTENDS)]
        cold = [first_answer(bench, server, workload, workload.heads[0]) for server in fleet]
        warm = [first_answer(bench, server, workload, workload.heads[1]) for server in fleet]
        for (wall, cpu), (later, later_cpu) in zip(cold, warm):
            log(f"  first answer {wall:.2f} s ({cpu:.2f} s of processor time), first sight of another head after that "
                f"{later:.2f} s ({later_cpu:.2f} s)")
        held = [stack.enter_context(Share(server.process.pid, n)).held for n, server in enumerate(fleet)]
        rows = bench.run(
            "fleet_bench", *(flag for server in fleet for flag in ("--frontend", server.address)), "--repository", "bench",
            "--base", workload.commits[0], "--head", workload.heads[0], "--labels", workload.labels,
            "--calls", "200" if bench.quick else "3000", "--rounds", str(bench.rounds(5)))
        for row in rows:
            log(f"  {row['one']:.0f} calls/s of one, {row['all']:.0f} of {FRONTENDS}"
                + (f", each with {SHARE} of a processor" if all(held) else ""))
        return {"frontends_vs_one": median(row["all"] / row["one"] for row in rows),
                "frontend_cold_vs_warm": median(c[0] / w[0] for c, w in zip(cold, warm)),
                "frontend_cold_vs_warm_cpu": median(c[1] / max(w[1], 0.01) for c, w in zip(cold, warm))}
