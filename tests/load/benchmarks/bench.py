"""What all benchmarks share: programs, workloads, servers, scratch folders, and how results are printed."""
import contextlib
import hashlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import urllib.request
import venv

LOAD_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCE_DIR = os.path.dirname(os.path.dirname(LOAD_DIR))
READY_PREFIX = "listening "


class BenchError(Exception):
    """A benchmark could not run; the text says why."""


def log(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def median(values):
    return statistics.median(values)


def size_of(folder, skip=()):
    """Bytes of all files below `folder`, but those whose names begin with one of `skip`."""
    return sum(os.path.getsize(os.path.join(parent, name)) for parent, _, names in os.walk(folder)
               for name in names if not name.startswith(tuple(skip)))


class Server:
    """A testselectd of its own on a free port, over `data_dir`. A context manager: stops on leaving."""

    def __init__(self, bench, data_dir, repository, *flags):
        self.bench, self.data_dir, self.repository, self.more = bench, data_dir, repository, flags
        self.process = self.address = self.metrics = None

    def __enter__(self):
        command = [self.bench.program("testselectd"), "--listen=127.0.0.1:0", "--metrics-listen=127.0.0.1:0",
                   f"--data-dir={self.data_dir}", f"--repository=bench={self.repository}", "--log-level=warning",
                   *self.more]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        words = dict(word.split("=", 1) for word in line.split()[1:] if "=" in word)
        if not line.startswith(READY_PREFIX) or "grpc" not in words:
            self.__exit__()
            raise BenchError(f"testselectd did not start: {line!r}")
        self.address, self.metrics = words["grpc"], words["metrics"]
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait()
        self.process.stdout.close()
        if status != 0 and sys.exc_info()[0] is None:
            raise BenchError(f"testselectd ended with status {status}")

    def metric(self, name):
        """The value of a metric that has no labels."""
        with urllib.request.urlopen(f"http://{self.metrics}/metrics", timeout=30) as page:
            for line in page.read().decode().splitlines():
                if line.startswith(name + " "):
                    return float(line.split()[1])
        raise BenchError(f"testselectd has no metric {name}")

    def cpu(self):
        """Seconds of processor time since it started."""
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def flags(self):
        return ["--server", self.address, "--pid", str(self.process.pid), "--repository", "bench"]

    def upload(self, workload, commit, *reports):
        """Uploads reports of commit number `commit`; returns what upload_bench printed."""
        found = self.bench.run("upload_bench", *self.flags(), "--commit", workload.commits[commit],
                               "--path-root", workload.root, *reports)[0]
        if found["state"] != "sealed":
            raise BenchError(f"the upload of {reports[0]} is {found['state']}, not sealed")
        return found


class Workload:
    """A made workload on disk; see make_workload.py for its files."""

    def __init__(self, folder):
        self.folder = folder
        with open(self.path("workload.json"), encoding="utf-8") as file:
            self.facts = json.load(file)
        self.root = self.facts["root"]
        self.commits = self.facts["commits"]
        self.heads = self.facts["thin"]["heads"]
        self.repository = self.path("repo.git")
        self.labels = self.path("labels.txt")

    def path(self, *names):
        return os.path.join(self.folder, *names)


class Bench:
    def __init__(self, build_dir, cache_dir, quick, shared):
        self.build_dir, self.cache_dir, self.quick, self.shared = build_dir, cache_dir, quick, shared
        os.makedirs(cache_dir, exist_ok=True)
        self.stack = contextlib.ExitStack()
        self.kept = {}

    def close(self):
        self.stack.close()

    def program(self, name):
        path = os.path.join(self.build_dir, "bin", name)
        if not os.access(path, os.X_OK):
            raise BenchError(f"{path} is not there: it was not built")
        return path

    def run(self, name, *arguments):
        """Runs one of the programs; returns the JSON objects it printed."""
        done = subprocess.run([self.program(name), *arguments], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise BenchError(f"{name} ended with status {done.returncode}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def scratch(self):
        """A context manager: an empty folder on the cache's disk, removed on leaving."""
        return tempfile.TemporaryDirectory(prefix="scratch-", dir=self.cache_dir)

    def rounds(self, count):
        return min(count, 2) if self.quick else count

    # ---- workloads ----

    def workload(self, preset):
        """The workload of that preset (always the small one in a quick run), made if need be."""
        preset = "small" if self.quick else preset
        if preset not in self.kept:
            self.kept[preset] = Workload(self.shared_workload(preset) if self.shared else self.own_workload(preset))
        return self.kept[preset]

    def own_workload(self, preset):
        maker = os.path.join(LOAD_DIR, "make_workload.py")
        sources = [maker] + sorted(entry.path for entry in os.scandir(os.path.join(LOAD_DIR, "workload"))
                                   if entry.name.endswith(".py"))
        return self.made(preset, sources, lambda out: self.make(maker, out, "--preset", preset))

    def made(self, name, sources, make):
        """A folder of the cache that depends on the content of `sources`; older ones of that name go."""
        digest = hashlib.sha256(b"".join(open(source, "rb").read() for source in sources)).hexdigest()[:12]
        folder = os.path.join(self.cache_dir, f"{name}-{digest}")
        if not os.path.isdir(folder):
            for entry in os.scandir(self.cache_dir):
                if entry.name.startswith(f"{name}-"):
                    shutil.rmtree(entry.path)
            log(f"making the workload '{name}' in {folder}")
            with self.scratch() as scratch:
                make(os.path.join(scratch, "out"))
                os.rename(os.path.join(scratch, "out"), folder)
        return folder

    def make(self, maker, *arguments):
        environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
        subprocess.run([sys.executable, maker, *arguments], check=True, stdout=sys.stderr, env=environment)

    def shared_workload(self, preset):
        maker = os.path.join(self.shared, "load", "gen_workload.py")
        if not os.path.isfile(maker):
            raise BenchError(f"{maker} is not there")

        def make(out):
            common = ["--preset", preset, "--commits", "10", "--path-prefix", "/build/project/"]
            formats = "sqlite" if preset == "large" else "sqlite,json"
            self.make(maker, out, *common, "--formats", formats)
            self.make(maker, out + "/noise", *common, "--formats", "sqlite", "--noise", "0.001", "--coverage-commits", "1")
            os.rename(out + "/noise/c1", out + "/c1-noise")
            shutil.rmtree(out + "/noise")
            with open(out + "/commits.json", encoding="utf-8") as file:
                commits = [commit["sha"] for commit in json.load(file)]
            facts = {"root": "/build/project", "commits": commits, "thin": {"heads": []}}
            with open(out + "/workload.json", "w", encoding="utf-8") as file:
                json.dump(facts, file)

        return self.made(f"shared-{preset}", [maker], make)

    # ---- things that several benchmarks use ----

    def selection_server(self):
        """A server with the first commit of the large workload indexed. Lives until close()."""
        if self.shared:
            raise BenchError("the shared workload has no thin heads; use the project's own")
        if "server" not in self.kept:
            workload = self.workload("large")
            scratch = self.stack.enter_context(self.scratch())
            server = self.stack.enter_context(Server(self, os.path.join(scratch, "data"), workload.repository))
            log("indexing the large workload's first commit")
            found = server.upload(workload, 0, workload.path("c0", ".coverage"))
            log(f"  {found['labels']:,} labels, {found['files']:,} files, {found['pairs']:,} pairs "
                f"in {found['seconds']:.1f} s")
            self.kept["server"] = server
        return self.kept["server"]

    def coverage_command(self):
        """coverage.py of a pinned version, in a virtual environment of the cache."""
        requirements = os.path.join(LOAD_DIR, "requirements.txt")

        def make(folder):
            log("installing coverage.py")
            venv.create(folder, with_pip=True, symlinks=True)
            python = os.path.join(folder, "bin", "python")
            subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements],
                           check=True, stdout=sys.stderr)

        return [os.path.join(self.made("venv", [requirements], make), "bin", "python"), "-m", "coverage"]
