"""Runs the whole suite of a small project: outcomes of every label, and per-test coverage."""
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


class Run:
    """What a whole run showed: {label: outcome}, causes of labels that did not even build, reports to upload."""

    def __init__(self, outcomes, errors=(), reports=()):
        self.outcomes, self.errors, self.reports = outcomes, list(errors), list(reports)


def sh(command, cwd, env=None, check=True):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env={**os.environ, **(env or {})})
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

    def run(self, project, work):
        work.mkdir()
        env = {"ORACLE_OUTCOMES": str(work / "outcomes.json"), "PYTHONDONTWRITEBYTECODE": "1",
               "PYTHONPATH": os.pathsep.join([str(HERE), *(str(project / p) for p in self.path)]),
               "COVERAGE_FILE": str(work / ".coverage"), "COVERAGE_CORE": "ctrace"}
        (work / "rc").write_text("[run]\nrelative_files = true\nsource = .\n")
        sh([self.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "outcomes_plugin", "--cov", "--cov-context=test",
            f"--cov-config={work / 'rc'}", "--cov-report=", *self.arguments], project, env, check=False)
        found = json.loads((work / "outcomes.json").read_text())
        return Run(found["outcomes"], found["errors"], [str(work / ".coverage")])

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


class JavaScript:
    """Node's own test runner, a process for each file, with V8's coverage taken between tests. Labels are
    `path/to/a.test.js > suite > title`. What was executed outside of tests counts for each test of the file, as if it
    had run by itself."""
    name = "javascript"
    endings = (".test.js", ".test.mjs", ".test.cjs")

    def __init__(self, node="node", options=()):
        self.node, self.options = node, list(options)

    def available(self):
        try:
            return int(subprocess.run([self.node, "--version"], capture_output=True, text=True).stdout[1:].split(".")[0]) >= 20
        except (OSError, ValueError):
            return False

    def preloads(self, project):
        """The options --import and --require of package.json's script `test`."""
        manifest = project / "package.json"
        try:
            script = json.loads(manifest.read_text()).get("scripts", {}).get("test", "") if manifest.exists() else ""
        except ValueError:
            return []
        words = script.split()
        return [w for word, value in zip(words, words[1:]) if word in ("--import", "--require") for w in (word, value)]

    def run(self, project, work):
        work.mkdir()
        watcher = str(HERE / "node_tests.mjs")
        files = sorted(str(p.relative_to(project)) for p in project.rglob("*.test.*") if p.name.endswith(self.endings) and "node_modules" not in p.parts)
        outcomes, errors, reports = {}, [], []
        for number, file in enumerate(files):
            report = work / f"{number}.json"
            # Optimised code does not count the functions that it inlines.
            done = sh([self.node, "--no-opt", *self.options, "--import", watcher, *self.preloads(project), f"--test-reporter={watcher}", file], project,
                      {"ORACLE_REPORT": str(report)}, check=False)
            found = json.loads(report.read_text()) if report.exists() else {"tests": []}
            if not found["tests"] or (done.returncode and "failed" not in dict(found["tests"]).values()):
                errors.append(file)
                continue
            for test, (title, outcome) in enumerate(found["tests"]):
                label, trace = f"{file} > {title}", work / f"{number}-{test}.info"
                outcomes[label] = outcome
                trace.write_text(self.tracefile(found["lines"].get("", {}), found["lines"][title]))
                reports.append(f"{label}={trace}")
        return Run(outcomes, errors, reports)

    @staticmethod
    def tracefile(*evidence):
        lines = {}
        for files in evidence:
            for path, executed in files.items():
                lines.setdefault(path, set()).update(executed)
        records = ["".join([f"SF:{path}\n", *(f"DA:{line},1\n" for line in sorted(executed)), "end_of_record\n"])
                   for path, executed in sorted(lines.items())]
        return "".join(["TN:\n", *records])

    def label_fails_with(self, label, error):
        return label.startswith(error + " > ")


def a_python():
    """The interpreter that has pytest: ORACLE_PYTHON, else this one, else the system's."""
    named = os.environ.get("ORACLE_PYTHON")
    candidates = [named] if named else [sys.executable, "/usr/bin/python3"]
    suites = [Python(p) for p in candidates]
    return next((s for s in suites if s.available()), suites[0])


def all_suites():
    return {s.name: s for s in (a_python(), Go(), Cpp(), JavaScript())}
