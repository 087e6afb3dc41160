"""A published Python project: its releases and mutants as commits of one repository, and whole-suite runs of them.

Everything is kept under the work folder by the content of the tree, so an interrupted run goes on where it was.
"""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

import mutants
import suites

TIMES_OF_BASE = 6                                      # a mutant that takes longer hangs
IDENTITY = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "oracle"), ("EMAIL", "oracle@localhost"), ("DATE", "2001-01-01T00:00:00 +0000"))}


class Project:
    def __init__(self, description, work):
        self.name, self.description, self.work = description["name"], description, work
        self.at = work / f"run-{self.name}"
        self.repository, self.truth = self.at / "repository", self.at / "truth"
        self.truth.mkdir(parents=True, exist_ok=True)
        self.suite = suites.Python(self.environment("venv", ["pytest-cov", "coverage"]), description["path"], description["arguments"])
        self.digest = hashlib.sha256(suites.sh([self.suite.python, "-m", "pip", "freeze"], work).stdout.encode()).hexdigest()

    def git(self, *args):
        return suites.sh(["git", *args], self.repository, IDENTITY).stdout.strip()

    def tree(self, commit):
        return self.git("rev-parse", commit + "^{tree}")

    def text(self, commit, path):
        return suites.sh(["git", "cat-file", "blob", f"{commit}:{path}"], self.repository).stdout

    def checkout(self, commit):
        self.git("checkout", "-q", "-f", "--detach", commit)
        self.git("clean", "-fdxq", "-e", "/.testselect")

    def fresh(self, name):
        folder = self.at / "now" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def environment(self, name, packages):
        """The python of a virtual environment with the project's requirements and `packages`."""
        folder = self.work / f"{name}-{self.name}"
        python = str(folder / "bin" / "python")
        wanted = ["pytest", *packages, *self.description["requirements"]]
        # For their metadata; their code comes from the checkout.
        own = [f"{self.name}=={version}" for version in self.description["releases"][-1:]]
        whole, needed = folder / "whole", " ".join([*wanted, *own])
        if not whole.exists() or whole.read_text() != needed:
            suites.sh([sys.executable, "-m", "venv", "--clear", str(folder)], self.work)
            install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
            suites.sh([*install, *wanted], self.work)
            if own:
                suites.sh([*install, "--no-deps", *own], self.work)
            whole.write_text(needed)
        return python

    def release(self, version):
        """The source tree of a release, without what only a distribution has."""
        folder = self.work / "releases" / f"{self.name}-{version}"
        if not folder.exists():
            downloads = self.work / "downloads" / f"{self.name}-{version}"
            suites.sh([self.suite.python, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", str(downloads),
                       f"{self.name}=={version}"], self.work)
            folder.parent.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.work) as unpacked, tarfile.open(next(downloads.glob("*.tar.gz"))) as packed:
                packed.extractall(unpacked, filter="data")
                source = pathlib.Path(unpacked, *os.listdir(unpacked))
                (source / "PKG-INFO").unlink(missing_ok=True)
                for built in list(source.rglob("*.egg-info")):
                    shutil.rmtree(built)
                source.rename(folder)
        return folder

    def commit(self):
        self.git("add", "-A", "-f", "--", ".", ":!.testselect")
        self.git("commit", "-q", "-m", "x", "--allow-empty")
        return self.git("rev-parse", "HEAD")

    def cases(self, count, seed):
        """[{name, kind, path, base, head}]: the release pair, then mutants of the newer release. Always the same commits."""
        drawn = json.dumps([self.description, count, seed, pathlib.Path(mutants.__file__).read_text()])
        kept = self.at / f"cases-{hashlib.sha256(drawn.encode()).hexdigest()[:16]}.json"
        if not kept.exists():
            for old in self.at.glob("cases-*"):        # their commits go with the repository
                old.unlink()
            kept.write_text(json.dumps(self.make_cases(count, seed)))
        return json.loads(kept.read_text())

    def make_cases(self, count, seed):
        shutil.rmtree(self.repository, ignore_errors=True)
        self.repository.mkdir()
        self.git("init", "-q")
        commits = []
        for version in self.description["releases"]:
            if commits:
                self.git("rm", "-rqf", ".")
            shutil.copytree(self.release(version), self.repository, dirs_exist_ok=True, symlinks=True)
            commits.append(self.commit())
        found = [{"name": "release", "kind": "release", "path": "", "base": commits[0], "head": commits[1]}]
        drawn = mutants.Mutants(self.repository, self.description["mutate"], seed)
        for number in range(count):
            mutant = drawn.make(number)
            if mutant is None:
                continue
            kind, path, text = mutant
            self.checkout(commits[1])
            (self.repository / path).write_text(text)
            found.append({"name": f"mutant-{number}", "kind": kind, "path": str(path), "base": commits[1], "head": self.commit()})
        return found

    def run(self, commit, name="plain", cover=False, timeout=None, **which):
        """A whole-suite run of a commit, or, as `name`, one of the labels `only`; nothing where it hangs."""
        kept = self.truth / f"{self.tree(commit)}-{name}"
        if not kept.exists():
            work = self.at / "now" / "suite"
            shutil.rmtree(work, ignore_errors=True)
            work.parent.mkdir(exist_ok=True)
            self.checkout(commit)
            try:
                run = self.suite.run(self.repository, work, cover, timeout, **which)
                found = {"outcomes": run.outcomes, "errors": run.errors, "seconds": run.seconds}
            except subprocess.TimeoutExpired:
                found = None
            (work / "run.json").write_text(json.dumps(found))
            os.rename(work, kept)
        found = json.loads((kept / "run.json").read_text())
        return found and suites.Run(found["outcomes"], found["errors"], [str(kept / ".coverage")], found["seconds"])

    def evidence(self, commit):
        return self.run(commit, "covered", cover=True)

    def unstable(self, commit):
        """Labels that differ between runs of the same code."""
        runs = [self.run(commit).outcomes, self.evidence(commit).outcomes, self.run(commit, "again").outcomes]
        return {x for run in runs for x in run if any(run[x] != other.get(x) for other in runs)}

    def timeout(self, commit):
        return 30 + TIMES_OF_BASE * sum(self.run(commit).seconds.values())
