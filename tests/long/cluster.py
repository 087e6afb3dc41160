#!/usr/bin/env python3
"""A simulated day of five machines that share an index in a real S3-compatible store, each part killed and cut off in turn.

  cluster.py --bin FOLDER [--rounds N] [--seed S] [--work DIR]

Ceph's radosgw (tests/support/radosgw.sh), two indexers and three frontends run on loopback; each reaches the store through a relay
of its own, which can be cut. In every round two clients upload shards and subsets to whichever indexer takes them, and two select at
whichever frontend answers, while one part is away: a machine killed and started again, with its disk or with an empty one; a machine cut
off from the store, or its relay silent; the gateway killed, or stopped. An answer that is given meanwhile must have every label that the change
needs, and one of a machine that could not hear the others must say so. When all is back, every acknowledged
upload must be listed by all machines with its numbers, and all frontends must select exactly what the uploads say. In the end
machines with empty disks do, too. Prints JSON lines as tests/bench.sh does; exit status 1 where anything is lost or wrong.
"""
import argparse
import datetime
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import crash
from crash import LABELS, Upload, functions, module

BUCKET = "testselect"
INDEXERS, FRONTENDS = ("indexer-1", "indexer-2"), ("frontend-1", "frontend-2", "frontend-3")
UNAVAILABLE = 4                                        # how `testselect` ends when it gave up
REFRESH = 1.0                                          # seconds, the server's default
FAULTS = ("none", "kill indexer", "kill frontend", "replace indexer", "replace frontend", "cut indexer", "cut frontend",
          "silence indexer", "silence frontend", "kill gateway", "stop gateway")


def make_bucket(endpoint, access, secret):
    """PUT BUCKET, signed (AWS Signature Version 4)."""
    host = urllib.parse.urlsplit(endpoint).netloc
    now = datetime.datetime.now(datetime.timezone.utc)
    stamp, day, empty = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d"), hashlib.sha256(b"").hexdigest()
    names = "host;x-amz-content-sha256;x-amz-date"
    request = f"PUT\n/{BUCKET}\n\nhost:{host}\nx-amz-content-sha256:{empty}\nx-amz-date:{stamp}\n\n{names}\n{empty}"
    scope = f"{day}/us-east-1/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = ("AWS4" + secret).encode()
    for part in (day, "us-east-1", "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    connection = http.client.HTTPConnection(host, timeout=30)
    connection.request("PUT", f"/{BUCKET}", headers={
        "x-amz-content-sha256": empty, "x-amz-date": stamp,
        "Authorization": f"AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={names}, Signature={signature}"})
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"the bucket cannot be made: {answer.status} {answer.read()}")


class Relay:
    """A TCP relay to the store that can be cut (connections end, new ones are refused) or silent (nothing passes)."""

    def __init__(self, target):
        self.target, self.cut, self.silent, self.since = target, False, threading.Event(), None
        self.silent.set()                              # set: bytes pass
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.pairs, self.lock = self.listener.getsockname()[1], set(), threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            inner, _ = self.listener.accept()
            if self.cut:
                inner.close()
                continue
            try:
                outer = socket.create_connection(self.target, 10)
            except OSError:
                inner.close()
                continue
            for s in (inner, outer):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.pairs |= {inner, outer}
            for a, b in ((inner, outer), (outer, inner)):
                threading.Thread(target=self.pump, args=(a, b), daemon=True).start()

    def pump(self, source, target):
        try:
            while data := source.recv(1 << 16):
                self.silent.wait()
                target.sendall(data)
        except OSError:
            pass
        for s in (source, target):
            with self.lock:
                self.pairs.discard(s)
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def set_cut(self, cut):
        self.cut, self.since = cut, time.monotonic() if cut else None
        if cut:
            with self.lock:
                for s in list(self.pairs):
                    try:
                        s.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass

    def set_silent(self, silent):
        self.since = time.monotonic() if silent else None
        self.silent.clear() if silent else self.silent.set()

    def away_for(self):
        since = self.since
        return 0 if since is None else time.monotonic() - since


class Machine:
    def __init__(self, name, cluster):
        self.name, self.cluster, self.relay = name, cluster, Relay(cluster.gateway)
        self.data, self.process = cluster.work / name, None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"

    def start(self):
        environment = {**os.environ, "AWS_ACCESS_KEY_ID": self.cluster.access, "AWS_SECRET_ACCESS_KEY": self.cluster.secret}
        with open(self.cluster.work / f"{self.name}.log", "ab") as log:
            self.process = subprocess.Popen(
                [self.cluster.programs / "testselectd", f"--listen={self.address}", "--metrics-listen=", f"--data-dir={self.data}",
                 f"--repository=sample={self.cluster.work / 'repository'}", f"--role={self.name.split('-')[0]}", f"--object-store=s3://{BUCKET}/day",
                 f"--object-store-endpoint=http://127.0.0.1:{self.relay.port}", "--object-store-path-style", "--object-store-timeout=5s"],
                stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        if not self.process.stdout.readline().startswith("listening"):
            raise RuntimeError(f"{self.name} does not start: " + (self.cluster.work / f"{self.name}.log").read_text()[-2000:])

    def kill(self, empty):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        if empty:
            shutil.rmtree(self.data)


class Cluster:
    def __init__(self, programs, work, rounds, seed):
        self.programs, self.work, self.random = programs, work, random.Random(seed)
        self.support = pathlib.Path(__file__).resolve().parent.parent / "support" / "radosgw.sh"
        subprocess.run([self.support, "start", work / "store"], check=True, stdout=sys.stderr)
        ready = dict(line.split("=", 1) for line in (work / "store" / "ready").read_text().splitlines())
        self.configuration, self.access, self.secret = ready["CONF"], ready["ACCESS_KEY"], ready["SECRET_KEY"]
        make_bucket(ready["HTTP"], self.access, self.secret)
        self.gateway = ("127.0.0.1", urllib.parse.urlsplit(ready["HTTP"]).port)
        self.commits, self.heads = crash.make_repository(work / "repository", rounds * 30 + 50)
        self.machines = {name: Machine(name, self) for name in INDEXERS + FRONTENDS}
        self.uploads, self.begun, self.lock, self.stopping, self.number, self.attempts = [], [], threading.Lock(), False, 0, {}
        self.wrong, self.counts = [], dict.fromkeys(("acknowledged", "refused", "answers", "degraded", "fallbacks", "checks"), 0)
        (work / "labels").write_text("".join(x + "\n" for x in LABELS))

    def fail(self, what):
        self.wrong.append(what)
        print("WRONG: " + what, file=sys.stderr, flush=True)

    def count(self, name):
        with self.lock:
            self.counts[name] += 1

    # The clients.

    def client(self, machine, *arguments, wait=120):
        command = [str(self.programs / "testselect"), *map(str, arguments), "--server", machine.address, "--repo", "sample", "--timeout", str(wait)]
        return subprocess.run(command, cwd=self.work, capture_output=True, text=True)

    def ask(self, machine, *arguments):
        done = self.client(machine, *arguments)
        if done.returncode:
            raise RuntimeError(f"{machine.name}, {arguments}: {done.returncode} {done.stderr}")
        return json.loads(done.stdout)

    def upload_until_stopped(self, draw, folder):
        """Each upload goes to one indexer after the other until one takes it; what none took is not acknowledged."""
        folder.mkdir(exist_ok=True)
        while not self.stopping:
            with self.lock:
                number, self.number = self.number, self.number + 1
            job = f"job-{draw.randrange(4)}"
            full = draw.random() < 0.3
            labels = LABELS if full else sorted(draw.sample(LABELS, draw.randint(1, len(LABELS) // 2)))
            upload = Upload(job, number, labels, {x for x in labels if draw.random() < 0.1})
            upload.full = full
            report, outcomes = upload.write(folder)
            with self.lock:
                self.begun.append(upload)
            for name in draw.sample(INDEXERS, len(INDEXERS)):
                done = self.client(self.machines[name], "upload", "--commit", self.commits[number], "--job", job, "--full" if full else "--subset",
                                   "--outcomes", outcomes, "--json", report, wait=15)
                if done.returncode == 0:
                    upload.acknowledged, upload.segment = True, json.loads(done.stdout)["segment_id"]
                    self.count("acknowledged")
                    break
                if done.returncode != UNAVAILABLE:
                    self.fail(f"{job} at {number}: the upload to {name} ended with {done.returncode}: {done.stderr}")
            else:
                self.count("refused")

    def select_until_stopped(self, draw):
        while not self.stopping:
            base = self.commits[max(0, self.number - draw.randrange(3))]
            (m, k), head = draw.choice(list(self.heads.items()))
            machine = self.machines[draw.choice(FRONTENDS)]
            away = machine.relay.away_for()
            done = self.client(machine, "select", "--base", base, "--head", head, "--labels-file", self.work / "labels", "--format", "json",
                               "--max-wait", 20)
            if done.returncode:
                self.fail(f"a selection at {machine.name} ended with {done.returncode}: {done.stderr}")
                continue
            answer = json.loads(done.stdout)
            self.count("answers")
            self.counts["degraded"] += "degraded" in answer
            self.counts["fallbacks"] += answer["fallback"] is not None
            needed = {x for x in LABELS if module(x) == m and k in functions(x)}
            if not needed <= set(answer["run"]):
                self.fail(f"{machine.name} leaves out {sorted(needed - set(answer['run']))} for f_{k} of mod_{m}: {answer}")
            if answer["fallback"] is None and "degraded" not in answer and away > REFRESH and machine.relay.away_for() > away:
                self.fail(f"{machine.name} was cut off for {away:.1f} s and does not say so: {answer}")

    # A round.

    def break_something(self, fault):
        """Returns what makes it whole again."""
        what, _, kind = fault.partition(" ")
        if kind == "gateway":
            return self.break_gateway(what)
        if what == "none":
            return lambda: None
        machine = self.machines[self.random.choice(INDEXERS if kind == "indexer" else FRONTENDS)]
        if what in ("kill", "replace"):
            machine.kill(empty=what == "replace")
            return machine.start
        change = machine.relay.set_cut if what == "cut" else machine.relay.set_silent
        change(True)
        return lambda: change(False)

    def break_gateway(self, what):
        pid = int((self.work / "store" / "client.rgw.pid").read_text())
        for machine in self.machines.values():
            machine.relay.since = time.monotonic()

        def back():
            for machine in self.machines.values():
                machine.relay.since = None

        if what == "stop":
            os.kill(pid, signal.SIGSTOP)

            def resume():
                os.kill(pid, signal.SIGCONT)
                back()
            return resume
        os.kill(pid, signal.SIGKILL)

        def restart():
            while pathlib.Path(f"/proc/{pid}").exists():
                time.sleep(0.05)
            subprocess.run(["radosgw", "-c", self.configuration, "-n", "client.rgw"], check=True, stdout=sys.stderr, stderr=subprocess.STDOUT)
            while True:
                try:
                    socket.create_connection(self.gateway, 1).close()
                    break
                except OSError:
                    time.sleep(0.1)
            back()
        return restart

    def round(self, fault):
        self.stopping, self.begun = False, []
        threads = [threading.Thread(target=self.upload_until_stopped, args=(random.Random(self.random.random()), self.work / f"uploader-{u}")) for u in range(2)]
        threads += [threading.Thread(target=self.select_until_stopped, args=(random.Random(self.random.random()),)) for _ in range(2)]
        for thread in threads:
            thread.start()
        time.sleep(self.random.uniform(0.2, 1))        # where in their work the fault meets them; no condition is waited for
        mend = self.break_something(fault)
        time.sleep(self.random.uniform(1, 4))          # for how long
        mend()
        time.sleep(0.5)                                # work goes on after it
        self.stopping = True
        for thread in threads:
            thread.join()
        self.check(self.machines.values(), self.begun)

    def listed(self, machine):
        found = {}
        for commit in self.ask(machine, "index", "list", "--limit", 1_000_000, "--json")["commits"]:
            for segment in commit["segments"]:
                found.setdefault((segment["job"], commit["commit"]), {})[segment["segment_id"]] = segment
        return found

    def check(self, machines, begun):
        lists = {m.name: self.await_whole(m) for m in machines}
        first = next(iter(lists.values()))
        for upload in begun:
            there = first.get((upload.job, self.commits[upload.number]), {})
            if upload.segment is None:                 # not acknowledged; there, it is there for all, and stays
                upload.segment = next((i for i, s in there.items() if crash.Crash.as_uploaded(upload, s)), None)
            if upload.acknowledged or upload.segment is not None:
                self.uploads.append(upload)
        for name, listed in lists.items():
            for upload in self.uploads:
                there = listed.get((upload.job, self.commits[upload.number]), {})
                if upload.segment not in there or not crash.Crash.as_uploaded(upload, there[upload.segment]):
                    self.fail(f"{name}: {upload.job} at {upload.number}, acknowledged: {upload.acknowledged}, is gone or not whole: {there}")
            known = sum(len(segments) for segments in listed.values())
            if known != len({u.segment for u in self.uploads}):
                self.fail(f"{name} lists {known} segments of {len(self.uploads)} uploads")
        if not self.uploads:
            return
        job = self.random.choice(self.uploads).job
        (m, k) = self.random.choice(list(self.heads))
        for name in FRONTENDS:
            if self.machines[name] in machines:
                self.check_selection(self.machines[name], job, m, k)

    def await_whole(self, machine):
        """What the machine lists once it hears the others again: a selection that is not degraded says that it does."""
        until = time.monotonic() + 60
        while machine.name in FRONTENDS:
            answer = self.select(machine, self.commits[0], next(iter(self.heads.values())))
            if "degraded" not in answer and (answer["fallback"] or {}).get("code") != "UNAVAILABLE":
                break
            if time.monotonic() > until:
                self.fail(f"{machine.name} does not hear the others again: {answer}")
                break
        time.sleep(REFRESH + 0.1 if machine.name in INDEXERS else 0)   # what was heard before that is not enough
        return self.listed(machine)

    def select(self, machine, base, head, *more):
        return self.ask(machine, "select", "--base", base, "--head", head, "--labels-file", self.work / "labels", "--format", "json", *more)

    def check_selection(self, machine, job, m, k):
        """Newest evidence wins, a failed label runs until it passes, and a label that was never seen runs."""
        self.count("checks")
        chain = sorted((u for u in self.uploads if u.job == job), key=lambda u: u.number)
        last = {label: upload.outcome(label) for upload in chain for label in upload.labels}
        expected = {x for x in LABELS if last.get(x, "failed") == "failed" or (module(x) == m and k in functions(x))}
        answer = self.select(machine, self.commits[chain[-1].number], self.heads[m, k], "--job", job)
        more = set(answer["run"]) - expected
        if not expected <= set(answer["run"]) or (len(last) == len(LABELS) and len(more) > answer["reasons"].get("CANARY", 0)):
            self.fail(f"{machine.name}: the selection of {job} at {chain[-1].number} for f_{k} of mod_{m}: "
                      f"{sorted(set(answer['run']) ^ expected)} differ, {answer['reasons']} {answer['fallback']}")

    def compare_cold(self):
        """Seconds of the first answer of a frontend with an empty disk, and of its later ones, starting `testselect` included."""
        machine = self.machines[FRONTENDS[0]]
        machine.kill(empty=True)
        machine.start()
        times = []
        for head in list(self.heads.values())[:8]:
            began = time.monotonic()
            self.select(machine, self.commits[max(u.number for u in self.uploads)], head)
            times.append(time.monotonic() - began)
        return times[0], statistics.median(times[1:])

    def run(self, rounds):
        for machine in self.machines.values():
            machine.start()
        for i in range(rounds):
            fault = FAULTS[i % len(FAULTS)]
            self.round(fault)
            print(f"round {i + 1} of {rounds}, {fault}: {self.counts}, {len(self.wrong)} wrong", file=sys.stderr, flush=True)
        for machine in self.machines.values():
            machine.kill(empty=True)
            machine.start()
        self.check(self.machines.values(), [])
        return self.compare_cold()

    def end(self):
        for machine in self.machines.values():
            if machine.process is not None and machine.process.poll() is None:
                machine.process.terminate()
                if machine.process.wait() != 0:
                    self.fail(f"{machine.name} ended with {machine.process.returncode}")
        subprocess.run([self.support, "stop", self.work / "store"], check=True, stdout=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=pathlib.Path, help="the folder of testselectd and testselect")
    parser.add_argument("--rounds", type=int, default=48, help="half hours of the day")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=pathlib.Path, help="left there afterwards; default: a temporary folder")
    args = parser.parse_args()
    if shutil.which("radosgw") is None:
        sys.exit("cluster.py: radosgw is not installed: deploy/install-packages.sh radosgw")
    work = args.work or pathlib.Path(tempfile.mkdtemp(prefix="testselect-cluster-"))
    work.mkdir(parents=True, exist_ok=True)
    cluster = Cluster(args.bin.resolve(), work.resolve(), args.rounds, args.seed)
    try:
        cold, warm = cluster.run(args.rounds)
    finally:
        cluster.end()
        if args.work is None:
            shutil.rmtree(work, ignore_errors=True)
    for name, value in (*cluster.counts.items(), ("lost_or_wrong", len(cluster.wrong))):
        print(json.dumps({"name": f"cluster_{name}", "value": value, "unit": "count", "kind": "ratio", "against": "what clients were told"}))
    print(json.dumps({"name": "cluster_cold_first_answer", "value": round(cold / warm, 3), "unit": "ratio", "kind": "ratio",
                      "against": "later answers of the same frontend"}))
    return int(bool(cluster.wrong))


if __name__ == "__main__":
    sys.exit(main())
