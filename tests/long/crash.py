#!/usr/bin/env python3
"""kill -9 of testselectd while uploads arrive: what was acknowledged is there and whole, and selections are what it says.

  crash.py --bin FOLDER [--kills N] [--minutes M] [--seed S] [--work DIR]

Two uploaders send small reports with outcomes to jobs of their own, commit by commit, most of them subsets, so that evidence is also
moved in the background. At drawn moments the server is killed; half of the time with the clients, half of the time these go on and
finish with its successor, and now and then the successor is killed while it starts. After each start every upload that was
acknowledged must be listed with its numbers, labels of new ones must have their lines and outcomes, the selection of a job
must be the one that its uploads give, and the decisions of selections that were answered meanwhile must be there. An upload without an acknowledgement is there whole or not at all.
Prints JSON lines as tests/bench.sh does; exit status 1 where anything is lost or wrong.
"""
import argparse
import json
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

MODULES, FUNCTIONS, TESTS = 4, 4, 6                    # functions and tests of each module
UPLOADERS, JOBS_EACH = 2, 10
FULL_EVERY = 40                                        # commits; more than the layers after which evidence is moved
UNAVAILABLE = 4                                        # how `testselect` ends when it gave up
LABELS = [f"tests/test_{m}.py::test_{t}" for m in range(MODULES) for t in range(TESTS)]


def module(label):
    return int(label.removeprefix("tests/test_").split(".")[0])


def functions(label):
    """The functions of its module that a test calls."""
    test = int(label.rsplit("_", 1)[1])
    return {test % FUNCTIONS, (test * 3 + 1) % FUNCTIONS}


def source(m, changed=None):
    return "".join(f"def f_{k}(x):\n    y = x + {k + (10 if k == changed else 0)}\n    return y\n\n" for k in range(FUNCTIONS))


def test_source(m):
    lines = [f"from src import mod_{m}\n\n"]
    for t in range(TESTS):
        calls = " + ".join(f"mod_{m}.f_{k}(1)" for k in sorted(functions(f"tests/test_{m}.py::test_{t}")))
        lines.append(f"def test_{t}():\n    assert {calls}\n\n")
    return "".join(lines)


def evidence(label):
    """{file: lines} that the label executes."""
    return {f"src/mod_{module(label)}.py": sorted(4 * k + line for k in functions(label) for line in (2, 3)),
            f"tests/test_{module(label)}.py": [4 + 3 * int(label.rsplit("_", 1)[1])]}


def make_repository(folder, count):
    """`count` commits that differ in a note, and for each function a commit that changes its body: (commits, {(m, k): commit})."""
    files = {f"src/mod_{m}.py": source(m) for m in range(MODULES)}
    files |= {f"tests/test_{m}.py": test_source(m) for m in range(MODULES)}
    stream, mark = [], 0

    def commit(branch, parent, changes):
        nonlocal mark
        mark += 1
        stream.append(f"commit refs/heads/{branch}\nmark :{mark}\ncommitter c <c@localhost> {1000000000 + mark} +0000\ndata 1\nx\n")
        stream.append(f"from :{parent}\n" if parent else "")
        for path, text in changes.items():
            stream.append(f"M 644 inline {path}\ndata {len(text)}\n{text}\n")
        return mark

    line = [commit("main", 0, {**files, "notes.md": "0"})]
    for i in range(1, count):
        line.append(commit("main", line[-1], {"notes.md": str(i)}))
    heads = {(m, k): commit(f"head-{m}-{k}", line[-1], {f"src/mod_{m}.py": source(m, k)}) for m in range(MODULES) for k in range(FUNCTIONS)}
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    subprocess.run(["git", "fast-import", "--quiet", f"--export-marks={folder}.marks"], cwd=folder, input="".join(stream).encode(), check=True)
    names = dict(line.split() for line in pathlib.Path(f"{folder}.marks").read_text().splitlines())
    return [names[f":{m}"] for m in line], {key: names[f":{m}"] for key, m in heads.items()}


class Upload:
    """One upload: what it says, and whether it was acknowledged."""

    def __init__(self, job, number, labels, failed):
        self.job, self.number, self.labels, self.failed = job, number, labels, failed
        self.full, self.acknowledged, self.segment = number % FULL_EVERY == 0, False, None

    def outcome(self, label):
        return "failed" if label in self.failed else "passed"

    def pairs(self):
        return sum(len(lines) for label in self.labels for lines in evidence(label).values())

    def write(self, folder):
        files = {f"{kind}_{m}.py": {} for kind in ("src/mod", "tests/test") for m in range(MODULES)}
        for label in self.labels:
            for path, lines in evidence(label).items():
                for line in lines:
                    files[path].setdefault(str(line), []).append(label + "|run")
        report, outcomes = folder / f"{self.job}.json", folder / f"{self.job}.xml"
        report.write_text(json.dumps({"meta": {"format": 3, "version": "7.6.1", "branch_coverage": False, "show_contexts": True}, "files": {
            path: {"executed_lines": sorted(map(int, lines)), "contexts": lines} for path, lines in files.items() if lines}}))
        cases = "".join(f'<testcase classname="tests.test_{module(x)}" name="{x.split("::")[1]}" time="0.5">'
                        f'{"<failure message=&quot;x&quot;/>" if x in self.failed else ""}</testcase>'.replace("&quot;", '"')
                        for x in self.labels)
        outcomes.write_text(f'<testsuites><testsuite name="pytest" tests="{len(self.labels)}">{cases}</testsuite></testsuites>')
        return report, outcomes


class Crash:
    def __init__(self, programs, work, kills, seed):
        self.programs, self.work, self.random = programs, work, random.Random(seed)
        self.commits, self.heads = make_repository(work / "repository", kills + 50)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.server, self.clients, self.lock, self.stopping = None, {}, threading.Lock(), False
        self.progress, self.acknowledged = threading.Condition(), 0
        self.next, self.uploads, self.begun = [0] * UPLOADERS, [], []
        self.decisions, self.answered = [], []         # ids of selections that were answered: all, and since the last start
        self.kills, self.told, self.wrong, self.starts = 0, 0, [], []
        (work / "labels").write_text("".join(x + "\n" for x in LABELS))

    # The server.

    def start(self):
        with open(self.work / "server.log", "ab") as log:
            self.server = subprocess.Popen([self.programs / "testselectd", f"--listen={self.address}", "--metrics-listen=", f"--data-dir={self.work / 'data'}",
                                            f"--repository=sample={self.work / 'repository'}"], stdout=subprocess.PIPE, stderr=log, text=True)

    def wait_until_it_listens(self):
        began = time.monotonic()
        if not self.server.stdout.readline().startswith("listening"):
            raise RuntimeError("the server does not start: " + (self.work / "server.log").read_text()[-2000:])
        self.starts.append(time.monotonic() - began)

    def kill(self):
        self.server.send_signal(signal.SIGKILL)
        self.server.wait()
        self.server.stdout.close()
        self.kills += 1

    # The clients.

    def client(self, *arguments):
        return [str(self.programs / "testselect"), *map(str, arguments), "--server", self.address, "--repo", "sample", "--timeout", "120"]

    def ask(self, *arguments):
        done = subprocess.run(self.client(*arguments), cwd=self.work, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{arguments}: {done.returncode} {done.stderr}")
        return json.loads(done.stdout)

    def upload_until_stopped(self, uploader, draw):
        while True:
            slot = self.next[uploader]
            number, job = slot // JOBS_EACH, f"job-{uploader}-{slot % JOBS_EACH}"
            if number >= len(self.commits):
                return
            labels = LABELS if number % FULL_EVERY == 0 else sorted(draw.sample(LABELS, draw.randint(1, len(LABELS) // 2)))
            upload = Upload(job, number, labels, {x for x in labels if draw.random() < 0.1})
            report, outcomes = upload.write(self.work)
            with self.lock:
                if self.stopping:
                    return
                process = subprocess.Popen(self.client("upload", "--commit", self.commits[number], "--job", job, "--full" if upload.full else "--subset",
                                                       "--outcomes", outcomes, "--json", report), cwd=self.work, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                self.clients[uploader] = process
                self.begun.append(upload)
                self.next[uploader] += 1
            answer, complaint = process.communicate()
            upload.acknowledged = process.returncode == 0
            if upload.acknowledged:
                upload.segment = json.loads(answer)["segment_id"]
            with self.progress:
                self.acknowledged += upload.acknowledged
                self.progress.notify()
            if process.returncode > 0 and process.returncode != UNAVAILABLE:
                self.fail(f"{job} at {number}: the upload ended with {process.returncode}: {complaint}")

    def select_until_stopped(self, draw):
        while not self.stopping:
            base, head = self.commits[draw.randrange(max(1, max(self.next) // JOBS_EACH))], draw.choice(list(self.heads.values()))
            done = subprocess.run(self.client("select", "--base", base, "--head", head, "--labels-file", self.work / "labels", "--max-wait", 20),
                                  cwd=self.work, capture_output=True, text=True)
            if done.returncode:
                self.fail(f"a selection ended with {done.returncode}: {done.stderr}")
                return
            if identifier := json.loads(done.stdout)["selection_id"]:
                self.answered.append(identifier)

    # A round.

    def fail(self, what):
        self.wrong.append(what)
        print("WRONG: " + what, file=sys.stderr, flush=True)

    def round(self):
        self.stopping, self.begun, self.answered, self.acknowledged = False, [], [], 0
        threads = [threading.Thread(target=self.upload_until_stopped, args=(u, random.Random(self.random.random()))) for u in range(UPLOADERS)]
        threads.append(threading.Thread(target=self.select_until_stopped, args=(random.Random(self.random.random()),)))
        for thread in threads:
            thread.start()
        wanted = self.random.randint(0, 4)
        with self.progress:
            self.progress.wait_for(lambda: self.acknowledged >= wanted or not any(t.is_alive() for t in threads[:UPLOADERS]))
        time.sleep(self.random.uniform(0, 0.15))       # where in their work the kill meets them; no condition is waited for
        with self.lock:
            self.stopping = True
        self.kill()
        with_clients = self.random.random() < 0.5
        if with_clients:
            for process in self.clients.values():
                process.kill()
        while self.random.random() < 0.15:
            self.start()
            time.sleep(self.random.uniform(0, 0.2))    # a kill while it starts
            self.kill()
        self.start()
        self.wait_until_it_listens()
        for thread in threads:
            thread.join()
        self.check()

    def listed(self):
        """{(job, commit): {id: summary}}; what was moved to a commit in the background is beside what was uploaded for it."""
        found = {}
        for commit in self.ask("index", "list", "--limit", 1_000_000, "--json")["commits"]:
            for segment in commit["segments"]:
                found.setdefault((segment["job"], commit["commit"]), {})[segment["segment_id"]] = segment
        return found

    def check(self):
        listed, new = self.listed(), []
        for upload in self.begun:
            if upload.acknowledged or (upload.job, self.commits[upload.number]) in listed:
                new.append(upload)
        self.uploads += new
        for upload in self.uploads:
            there = listed.get((upload.job, self.commits[upload.number]), {})
            if upload.segment is None:                 # not acknowledged, and there: it keeps its id from now on
                upload.segment = next((i for i, s in there.items() if self.as_uploaded(upload, s)), None)
            if upload.segment not in there:
                self.fail(f"{upload.job} at {upload.number}: {upload.segment} is gone or not whole, acknowledged: {upload.acknowledged}, {there}")
            elif not self.as_uploaded(upload, there[upload.segment]):
                self.fail(f"{upload.job} at {upload.number}: {there[upload.segment]}, not {len(upload.labels)} labels, {upload.pairs()} pairs")
        begun = {(u.job, self.commits[u.number]) for u in self.uploads}
        for job, commit in listed.keys() - begun:
            self.fail(f"{job} at {commit} was never begun")
        for upload in self.random.sample(new, min(2, len(new))):
            self.check_label(upload, self.random.choice(upload.labels))
        if new:
            self.check_selection(self.random.choice(new).job)
        self.decisions += self.answered
        for identifier in self.answered[-3:]:          # the last is the one that the kill was nearest to
            self.check_decision(identifier)

    @staticmethod
    def as_uploaded(upload, segment):
        return (segment["labels"], segment["pairs"], segment["subset"], segment["state"]) == (len(upload.labels), upload.pairs(), not upload.full, "sealed")

    def check_label(self, upload, label):
        shown = self.ask("index", "show", self.commits[upload.number], "--job", upload.job, "--label", label, "--json")
        lines = {path: [n for first, last in ranges for n in range(first, last + 1)] for path, ranges in shown["files"].items()}
        if lines != evidence(label) or shown["outcome"] != upload.outcome(label):
            self.fail(f"{upload.job} at {upload.number}, {label}: {shown}, not {evidence(label)} {upload.outcome(label)}")

    def check_decision(self, identifier):
        try:
            if self.ask("decisions", "show", identifier, "--json")["selection_id"] != identifier:
                self.fail(f"the decision {identifier} is another one")
        except RuntimeError as error:
            self.fail(f"the decision {identifier} was answered: {error}")

    def check_selection(self, job):
        """Newest evidence wins, a failed label runs until it passes, and a label that was never seen runs."""
        chain = sorted((u for u in self.uploads if u.job == job), key=lambda u: u.number)
        if not chain:
            return
        last = {label: upload.outcome(label) for upload in chain for label in upload.labels}
        m, k = self.random.choice(list(self.heads))
        expected = {x for x in LABELS if last.get(x, "failed") == "failed" or (module(x) == m and k in functions(x))}
        answer = self.ask("select", "--base", self.commits[chain[-1].number], "--head", self.heads[m, k], "--job", job, "--labels-file",
                          self.work / "labels", "--format", "json")
        # More may run where a label's evidence is not there yet, and to see that a file still loads.
        more = set(answer["run"]) - expected
        if not expected <= set(answer["run"]) or (len(last) == len(LABELS) and len(more) > answer["reasons"].get("CANARY", 0)):
            self.fail(f"the selection of {job} at {chain[-1].number} for f_{k} of mod_{m}: {sorted(set(answer['run']) ^ expected)} differ, {answer['reasons']} {answer['fallback']}")

    def run(self, kills, minutes):
        self.start()
        self.wait_until_it_listens()
        began = time.monotonic()
        while self.kills < kills and time.monotonic() - began < minutes * 60:
            self.round()
            if self.kills // 25 != self.told:
                self.told = self.kills // 25
                print(f"{self.kills} kills, {len(self.uploads)} uploads, {len(self.wrong)} wrong, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        for upload in self.random.sample(self.uploads, min(100, len(self.uploads))):
            self.check_label(upload, self.random.choice(upload.labels))
        for identifier in self.random.sample(self.decisions, min(100, len(self.decisions))):
            self.check_decision(identifier)
        self.server.terminate()
        if self.server.wait() != 0:
            self.fail(f"the server ended with {self.server.returncode}")
        return time.monotonic() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=pathlib.Path, help="the folder of testselectd and testselect")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="no further kill after this time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=pathlib.Path, help="left there afterwards; default: a temporary folder")
    args = parser.parse_args()
    work = args.work or pathlib.Path(tempfile.mkdtemp(prefix="testselect-crash-"))
    work.mkdir(parents=True, exist_ok=True)
    crash = Crash(args.bin.resolve(), work.resolve(), args.kills, args.seed)
    try:
        seconds = crash.run(args.kills, args.minutes)
    finally:
        if crash.server.poll() is None:
            crash.server.kill()
        if args.work is None:
            shutil.rmtree(work, ignore_errors=True)
    acknowledged = sum(u.acknowledged for u in crash.uploads)
    for name, value, unit, kind in (("kills", crash.kills, "count", "ratio"), ("acknowledged", acknowledged, "count", "ratio"),
                                    ("answered", len(crash.decisions), "count", "ratio"),
                                    ("whole_without_acknowledgement", len(crash.uploads) - acknowledged, "count", "ratio"),
                                    ("lost_or_wrong", len(crash.wrong), "count", "ratio"), ("seconds", seconds, "s", "time"),
                                    ("slowest_start", max(crash.starts), "s", "time")):
        print(json.dumps({"name": f"crash_{name}", "value": round(value, 3), "unit": unit, "kind": kind, "against": "what clients were told"}))
    return int(bool(crash.wrong))


if __name__ == "__main__":
    sys.exit(main())
