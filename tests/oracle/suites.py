"""Runs the whole suite of a small project: outcomes of every label, and per-test coverage."""
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


class Run:
    """What a whole run showed: {label: outcome}, causes of labels that did not even build, reports to upload, {label: seconds}."""

    def __init__(self, outcomes, errors=(), reports=(), seconds=None):
        self.outcomes, self.errors, self.reports, self.seconds = outcomes, list(errors), list(reports), seconds or {}


def sh(command, cwd, env=None, check=True, timeout=None):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, errors="replace", env={**os.environ, **(env or {})},
                          stdin=subprocess.DEVNULL, timeout=timeout)
    if check and done.returncode:
        raise RuntimeError(f"{command}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done


class Python:
    """pytest with one coverage context per test."""
    name = "python"

    def __init__(self, python, path=(), arguments=()):
        self.python, self.path, self.arguments = python, list(path), list(arguments)

    def available(self):
        command = [self.python, "-c", "import pytest, coverage, pytest_cov"]
        return pathlib.Path(self.python).exists() and subprocess.run(command, capture_output=True).returncode == 0

    def environment(self, project, work):
        return {"ORACLE_OUTCOMES": str(work / "outcomes.json"), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0",
                "PYTHONPATH": os.pathsep.join([str(HERE), *(str(project / p) for p in self.path)]),
                "COVERAGE_FILE": str(work / ".coverage"), "COVERAGE_CORE": "ctrace"}

    def run(self, project, work, cover=True, timeout=None):
        """Goes on where a file cannot be collected; a run that cannot even start has the cause '' for every label."""
        work.mkdir()
        (work / "rc").write_text("[run]\nrelative_files = true\nsource = .\n")
        options = ["--cov", "--cov-context=test", f"--cov-config={work / 'rc'}", "--cov-report="] if cover else []
        sh([self.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "outcomes_plugin", "--continue-on-collection-errors",
            *options, *self.arguments], project, self.environment(project, work), check=False, timeout=timeout)
        if not (work / "outcomes.json").exists():
            return Run({}, [""])
        found = json.loads((work / "outcomes.json").read_text())
        return Run(found["outcomes"], found["errors"], [str(work / ".coverage")], found["seconds"])

    def label_fails_with(self, label, error):
        return label.startswith(error)


class Go:
    """Each test of each package by itself, with a text profile over all packages."""
    name = "go"

    def available(self):
        return subprocess.run(["sh", "-c", "go version"], capture_output=True).returncode == 0

    def run(self, project, work):
        work.mkdir()
        env = {"GOFLAGS": "-count=1", "GOCACHE": str(work.parent / "gocache"), "GOPROXY": "off", "CGO_ENABLED": "0"}
        packages = sh(["go", "list", "./..."], project, env).stdout.split()
        outcomes, errors, reports = {}, [], []
        for i, package in enumerate(packages):
            binary = work / f"{i}.test"
            built = sh(["go", "test", "-c", "-cover", "-coverpkg=./...", "-o", str(binary), package], project, env, check=False)
            if built.returncode:
                errors.append(package + ".")
                continue
            if not binary.exists():
                continue
            folder = sh(["go", "list", "-f", "{{.Dir}}", package], project, env).stdout.strip()
            for test in sh([str(binary), "-test.list", "."], folder).stdout.split():
                label, report = f"{package}.{test}", work / f"{i}-{test}.out"
                done = sh([str(binary), f"-test.run=^{test}$", f"-test.coverprofile={report}"], folder, check=False)
                outcomes[label] = "failed" if done.returncode else "passed"
                if report.exists():
                    reports.append(f"{label}={report}")
        return Run(outcomes, errors, reports)

    def label_fails_with(self, label, error):
        return label.startswith(error)


class Cpp:
    """One program of tests, each test run by itself, gcov's lines as lcov's tracefile."""
    name = "cpp"

    def available(self):
        return all(subprocess.run([tool, "--version"], capture_output=True).returncode == 0 for tool in ("g++", "gcov"))

    def run(self, project, work):
        work.mkdir()
        sources = sorted(str(p.relative_to(project)) for p in project.rglob("*.cc"))
        for source in sources:
            target = work / (source.replace("/", "_") + ".o")
            built = sh(["g++", "-std=c++20", "--coverage", "-fprofile-abs-path", "-O0", "-I.", "-c", source, "-o", str(target)],
                       project, check=False)
            if built.returncode:
                return Run({}, [""])
        if sh(["g++", "--coverage", "-o", str(work / "tests"), *map(str, sorted(work.glob("*.o")))], project, check=False).returncode:
            return Run({}, [""])
        outcomes, reports = {}, []
        for label in sh([str(work / "tests"), "--list"], project).stdout.split():
            for data in work.glob("*.gcda"):
                data.unlink()
            outcomes[label] = "failed" if sh([str(work / "tests"), label], project, check=False).returncode else "passed"
            report = work / (label + ".info")
            report.write_text(self.tracefile(project, work))
            reports.append(f"{label}={report}")
        return Run(outcomes, [], reports)

    @staticmethod
    def tracefile(project, work):
        out, seen = [], {}
        for data in sorted(work.glob("*.gcda")):
            done = sh(["gcov", "--json-format", "--stdout", data.name], work)
            for text in done.stdout.splitlines():
                for file in json.loads(text)["files"]:
                    path = pathlib.Path(file["file"])
                    path = path if path.is_absolute() else project / path
                    if not path.is_relative_to(project):
                        continue
                    lines = seen.setdefault(str(path.relative_to(project)), {})
                    for line in file["lines"]:
                        lines[line["line_number"]] = lines.get(line["line_number"], 0) + line["count"]
        for path, lines in sorted(seen.items()):
            out += [f"SF:{path}", *(f"DA:{n},{count}" for n, count in sorted(lines.items())), "end_of_record"]
        return "\n".join(["TN:", *out]) + "\n"

    def label_fails_with(self, label, error):
        return True                                    # one program: nothing builds without all of it


def a_python():
    """The interpreter that has pytest: ORACLE_PYTHON, else this one, else the system's."""
    named = os.environ.get("ORACLE_PYTHON")
    candidates = [named] if named else [sys.executable, "/usr/bin/python3"]
    suites = [Python(p) for p in candidates]
    return next((s for s in suites if s.available()), suites[0])


def all_suites():
    return {s.name: s for s in (a_python(), Go(), Cpp())}
