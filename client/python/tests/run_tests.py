#!/usr/bin/env python3
"""Runs the plugin's tests with a Python that has sys.monitoring, in a virtual environment of the build folder.

    run_tests.py BUILD_FOLDER TESTSELECT [PYTEST ARGUMENT...]

Exit status 77 (skipped) where there is no Python 3.12 or newer, or no way to install pytest for it; TESTSELECT_PYTHON may name one.
"""
import glob
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

PLUGIN = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = ["pytest", "pytest-xdist", "pytest-asyncio", "pytest-rerunfailures", "coverage", "setuptools"]
SKIPPED = 77


def interpreter():
    """A Python with sys.monitoring; None where there is none."""
    pyenv = sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.1[2-9]*/bin/python")))
    named = os.environ.get("TESTSELECT_PYTHON")
    for python in [named] if named else [sys.executable, "python3.12", "python3.13", "python3.14", *pyenv]:
        found = shutil.which(python)
        if found and subprocess.run([found, "-c", "import sys, venv, ensurepip; sys.monitoring"], capture_output=True).returncode == 0:
            return found
    return None


def environment(python, build):
    """The python of a virtual environment that has the plugin as it is now; None where nothing can be installed."""
    sources = [PLUGIN / "pyproject.toml", *sorted(PLUGIN.glob("src/*/*.py"))]
    digest = hashlib.sha256(b"\0".join([python.encode(), *(p.read_bytes() for p in sources)])).hexdigest()
    folder = build / ("venv-" + hashlib.sha256(" ".join(PACKAGES).encode()).hexdigest()[:8])    # one a list of packages
    mark = folder / "installed"
    found = folder / "bin" / "python"
    if mark.exists() and mark.read_text() == digest:
        return found
    build.mkdir(parents=True, exist_ok=True)
    pip = [str(found), "-m", "pip", "-q", "--disable-pip-version-check", "install"]
    if not found.exists() and not (done([python, "-m", "venv", str(folder)]) and done([*pip, *PACKAGES])):
        shutil.rmtree(folder, ignore_errors=True)
        return None
    copy = build / "plugin"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(PLUGIN, copy, ignore=shutil.ignore_patterns("build", "*.egg-info", "tests"))
    if not done([*pip, "--no-deps", "--no-build-isolation", "--force-reinstall", str(copy)]):
        sys.exit("the plugin cannot be installed")
    mark.write_text(digest)
    return found


def done(command):
    return subprocess.run(command, stdout=sys.stderr, check=False).returncode == 0


def main():
    build, testselect, *arguments = sys.argv[1:]
    python = interpreter()
    if python is None:
        print("skipped: no Python 3.12 or newer; TESTSELECT_PYTHON may name one")
        return SKIPPED
    found = environment(python, pathlib.Path(build).resolve())
    if found is None:
        print(f"skipped: pytest cannot be installed for {python}")
        return SKIPPED
    env = {**os.environ, "TESTSELECT": testselect, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([str(found), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:testselect", str(PLUGIN / "tests"), *arguments],
                          env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
