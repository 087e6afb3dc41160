"""What recording costs: the CPU time of a published project's whole suite, with the recorder and without."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tarfile

from .bench import LOAD_DIR, SOURCE_DIR, BenchError, log, median
from .ingest import cpu_of

SUITE = ("marshmallow", "3.26.1")            # 1,238 tests of some milliseconds each
PLUGIN = os.path.join(SOURCE_DIR, "client", "python")


def monitoring_python():
    """An interpreter that has sys.monitoring: TESTSELECT_PYTHON, this one, one on the PATH, or one of pyenv's."""
    pyenv = sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.1[2-9]*/bin/python")))
    named = os.environ.get("TESTSELECT_PYTHON")
    for python in [named] if named else [sys.executable, "python3.12", "python3.13", "python3.14", *pyenv]:
        found = shutil.which(python)
        if found and subprocess.run([found, "-c", "import sys, venv; sys.monitoring"], capture_output=True, check=False).returncode == 0:
            return found
    raise BenchError("no Python 3.12 or newer; TESTSELECT_PYTHON may name one")


def suite(bench):
    """(a python of a virtual environment with the plugin, the folder of the project)."""
    python, (name, version) = monitoring_python(), SUITE
    sources = [os.path.join(LOAD_DIR, "recording-requirements.txt"), __file__, os.path.join(PLUGIN, "pyproject.toml"),
               *sorted(glob.glob(os.path.join(PLUGIN, "src", "*", "*.py")))]

    def make(folder):
        log(f"installing {name} {version} and its suite")
        subprocess.run([python, "-m", "venv", folder], check=True, stdout=sys.stderr)
        pip = [os.path.join(folder, "bin", "python"), "-m", "pip", "--disable-pip-version-check", "-q"]
        downloads, plugin = os.path.join(folder, "downloads"), os.path.join(folder, "plugin")
        shutil.copytree(PLUGIN, plugin, ignore=shutil.ignore_patterns("build", "*.egg-info", "tests"))
        for command in (["install", "-r", sources[0]], ["install", "--no-deps", plugin, f"{name}=={version}"],
                        ["download", "--no-deps", "--no-binary", ":all:", "-d", downloads, f"{name}=={version}"]):
            subprocess.run([*pip, *command], check=True, stdout=sys.stderr)
        with tarfile.open(glob.glob(os.path.join(downloads, "*.tar.gz"))[0]) as packed:
            packed.extractall(folder, filter="data")
        project = os.path.join(folder, f"{name}-{version}")
        os.rename(project, os.path.join(folder, "project"))
        subprocess.run(["git", "init", "-q"], cwd=os.path.join(folder, "project"), check=True)

    # A virtual environment does not survive being moved: it is used by its interpreter alone, which finds it where it is.
    folder = bench.made("recording", sources, make)
    return os.path.join(folder, "bin", "python"), os.path.join(folder, "project")


def recording(bench):
    """The ratio of CPU times, each kind of run in turn."""
    python, project = suite(bench)
    kinds = {"plain": [], "recording": [], "recording_coverage": []}
    with bench.scratch() as scratch:
        options = {"plain": [], "recording": [f"--testselect-record={scratch}/evidence"],
                   "recording_coverage": ["--cov", "--cov-context=test", "--cov-report="]}
        # The sources are what is tested; the installed package is there for its metadata.
        pytest = ["env", "PYTHONPATH=src", f"COVERAGE_FILE={scratch}/.coverage", "PYTHONHASHSEED=0", python, "-m", "pytest", "-q", "-p",
                  "no:cacheprovider"]
        cpu_of([*pytest, "tests"], project)         # byte code is written
        for _ in range(bench.rounds(5)):
            for kind, found in kinds.items():
                found.append(cpu_of([*pytest, *options[kind], "tests"], project))
            log("  " + ", ".join(f"{kind} {found[-1]:.2f} s" for kind, found in kinds.items()) + " (cpu times)")
        if not re.search(rb"testselect-evidence", open(f"{scratch}/evidence", "rb").read(40)):
            raise BenchError("the run left no evidence")
    plain = median(kinds.pop("plain"))
    return {kind: median(found) / plain for kind, found in kinds.items()}
