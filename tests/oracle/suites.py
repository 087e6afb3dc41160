"""Runs the whole suite of a small project: outcomes of every label, and per-test coverage."""
import json
import os
import pathlib
import re
import shutil
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

    def run(self, project, work, cover=True, timeout=None, only=None):
        """Goes on where a file cannot be collected; a run that cannot even start has the cause '' for every label.

        `only`: labels; their files alone are collected, and no other test of them runs. Covered runs also leave junit.xml."""
        work.mkdir()
        env, arguments = self.environment(project, work), self.arguments
        if only is not None:
            (work / "only.json").write_text(json.dumps(sorted(only)))
            env["ORACLE_ONLY"] = str(work / "only.json")
            files = sorted({label.split("::")[0] for label in only})
            arguments = [x for x in arguments if x.startswith("-")] + [x for x in files if (project / x).exists()]
        (work / "rc").write_text("[run]\nrelative_files = true\nsource = .\n")
        options = ["--cov", "--cov-context=test", f"--cov-config={work / 'rc'}", "--cov-report=", f"--junitxml={work / 'junit.xml'}"] if cover else []
        sh([self.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "outcomes_plugin", "--continue-on-collection-errors",
            *options, *arguments], project, env, check=False, timeout=timeout)
        if not (work / "outcomes.json").exists():
            return Run({}, [""])
        found = json.loads((work / "outcomes.json").read_text())
        return Run(found["outcomes"], found["errors"], [str(work / ".coverage")], found["seconds"])

    def label_fails_with(self, label, error):
        return label.startswith(error)


class Go:
    """Each test of each package by itself, and each of its subtests, with a text profile over all packages."""
    name = "go"

    def __init__(self, subtests=True):
        self.subtests = subtests

    def available(self):
        return subprocess.run(["sh", "-c", "go version"], capture_output=True).returncode == 0

    def run(self, project, work):
        work.mkdir()
        # Go's own cache, shared by all runs: a cold one costs the standard library.
        env = {"GOFLAGS": "-count=1", "GOPROXY": "off", "CGO_ENABLED": "0"}
        if subprocess.run(["go", "env", "GOCACHE"], capture_output=True).returncode:
            env["GOCACHE"] = str(work.parent.parent / "gocache")
        listed = sh(["go", "list", "-e", "-f", "{{.ImportPath}}\t{{.Dir}}\t{{.TestGoFiles}}{{.XTestGoFiles}}", "./..."], project, env).stdout
        packages = [line.split("\t") for line in listed.splitlines()]
        packages = [(path, folder) for path, folder, tests in packages if tests != "[][]"]
        built = self.build(packages, project, work, env)
        outcomes, errors, reports = {}, [], []
        for i, (package, folder) in enumerate(packages):
            if package not in built:
                errors.append(package + ".")
                continue
            for test in sh([str(built[package]), "-test.list", "."], folder, check=False).stdout.split():
                self.run_test(str(built[package]), package, test, folder, work / f"{i}-{test}", outcomes, reports)
        return Run(outcomes, errors, reports)

    @staticmethod
    def build(packages, project, work, env):
        """One command builds all; where it does not, each by itself shows which do not build."""
        command = ["go", "test", "-c", "-cover", "-coverpkg=./...", "-ldflags=-s -w"]
        binaries = {path: work / "bin" / (path.rsplit("/", 1)[-1] + ".test") for path, _ in packages}
        (work / "bin").mkdir()
        done = sh([*command, "-o", str(work / "bin") + "/", *binaries], project, env, check=False)
        if not done.returncode and all(binary.exists() for binary in binaries.values()):
            return binaries
        built = {}
        for i, path in enumerate(binaries):
            binary = work / f"{i}.test"
            if not sh([*command, "-o", str(binary), path], project, env, check=False).returncode:
                built[path] = binary
        return built

    def run_test(self, binary, package, test, folder, report, outcomes, reports):
        """`test` may be TestX/case: one that a run of TestX showed."""
        pattern = "/".join(f"^{re.escape(part)}$" for part in test.split("/"))
        which = [f"-test.run={pattern}"]
        if test.startswith("Benchmark"):
            which = ["-test.run=^$", f"-test.bench={pattern}", "-test.benchtime=1x"]
        profile = f"{report}.out"
        done = sh([binary, *which, "-test.v", f"-test.coverprofile={profile}"], folder, check=False)
        label = f"{package}.{test}"
        outcomes[label] = "failed" if done.returncode else "passed"
        if os.path.exists(profile):
            reports.append(f"{label}={profile}")
        if "/" in test or not self.subtests:
            return
        for i, case in enumerate(dict.fromkeys(re.findall(r"^ +--- [A-Z]+: (\S+)", done.stdout, re.M))):
            self.run_test(binary, package, case, folder, f"{report}-{i}", outcomes, reports)

    def label_fails_with(self, label, error):
        return label.startswith(error)


class Cpp:
    """One program of tests, each test run by itself, gcov's lines as lcov's tracefile. Of CMakeLists.txt it obeys
    add_compile_options and include_directories."""
    name = "cpp"

    def available(self):
        return all(subprocess.run([tool, "--version"], capture_output=True).returncode == 0 for tool in ("g++", "gcov"))

    def run(self, project, work):
        work.mkdir()
        lists = project / "CMakeLists.txt"
        said = lists.read_text() if lists.exists() else ""
        options = [word for group in re.findall(r"add_compile_options\((.*?)\)", said) for word in group.split()]
        options += ["-I" + word for group in re.findall(r"include_directories\((.*?)\)", said) for word in group.split()]
        for source in sorted(str(p.relative_to(project)) for p in project.rglob("*.cc")):
            target = work / (source.replace("/", "_") + ".o")
            built = sh(["g++", "-std=c++20", "--coverage", "-fprofile-abs-path", "-O0", *options, "-I.", "-c", source, "-o", str(target)],
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
        data = [path.name for path in sorted(work.glob("*.gcda"))]     # none where the program was killed
        found = sh(["gcov", "-r", "-s", str(project), "--json-format", "--stdout", *data], work).stdout if data else ""
        for text in found.splitlines():
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
            return int(subprocess.run([self.node, "--version"], capture_output=True, text=True).stdout[1:].split(".")[0]) >= 18
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

    def built(self, project, work):
        """The folder that has the programs, and the program of a test file in it."""
        return project, lambda file: file

    def run(self, project, work):
        work.mkdir()
        watcher = str(HERE / "node_tests.mjs")
        root, program = self.built(project, work)
        files = sorted(str(p.relative_to(project)) for p in project.rglob("*.test.*") if p.name.endswith(self.endings) and "node_modules" not in p.parts)
        outcomes, errors, reports = {}, [], []
        for number, file in enumerate(files):
            report = work / f"{number}.json"
            # Optimised code does not count the functions that it inlines.
            done = sh([self.node, "--no-opt", *self.options, "--import", watcher, *self.preloads(project), f"--test-reporter={watcher}",
                       program(file)], project, {"ORACLE_REPORT": str(report), "ORACLE_ROOT": str(root)}, check=False)
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


class TypeScript(JavaScript):
    """Compiled to a folder of its own, run as JavaScript is; coverage goes back through the source maps."""
    name = "typescript"
    endings = (".test.ts", ".test.tsx")

    def __init__(self, tsc=None, **options):
        super().__init__(**options)
        tsc = tsc or shutil.which("tsc")
        self.compiler = pathlib.Path(tsc).resolve().parents[1] if tsc else None

    def available(self):
        return self.compiler is not None and super().available()

    def version(self):
        return tuple(map(int, json.loads((self.compiler / "package.json").read_text())["version"].split(".")[:2]))

    def built(self, project, work):
        sh([self.node, str(HERE / "typescript_build.cjs"), str(self.compiler), str(project), str(work / "built")], project)
        return work / "built", lambda file: str(work / "built" / re.sub(r"tsx?$", "js", file))


def a_python():
    """The interpreter that has pytest: ORACLE_PYTHON, else this one, else the system's."""
    named = os.environ.get("ORACLE_PYTHON")
    candidates = [named] if named else [sys.executable, "/usr/bin/python3"]
    suites = [Python(p) for p in candidates]
    return next((s for s in suites if s.available()), suites[0])


def all_suites():
    return {s.name: s for s in (a_python(), Go(), Cpp(), JavaScript(), TypeScript(os.environ.get("ORACLE_TSC")))}
