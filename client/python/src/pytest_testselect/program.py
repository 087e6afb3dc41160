"""Calls the `testselect` command.

PYTEST_DONT_REWRITE
"""
import json
import os
import shutil
import subprocess


class Failed(Exception):
    """The command is not there or gave no answer; the text says why."""


def find(config):
    """The command: ini option, else TESTSELECT, else on the PATH."""
    named = config.getini("testselect_binary") or os.environ.get("TESTSELECT") or "testselect"
    found = shutil.which(named)
    if found is None:
        raise Failed(f"there is no program {named!r}")
    return found


class Service:
    """Whose index answers: this repository's own, or the team's, which is named by the ini options testselect_server and
    testselect_repository, or TESTSELECT_SERVER and TESTSELECT_REPOSITORY."""

    def __init__(self, config):
        server = config.getini("testselect_server") or os.environ.get("TESTSELECT_SERVER", "")
        name = config.getini("testselect_repository") or os.environ.get("TESTSELECT_REPOSITORY", "")
        self.is_remote = bool(server and name)
        self.arguments = ["--server", server, "--repo", name] if self.is_remote else []
        self.note = f"{server} is not asked: testselect_repository does not say what it calls this repository" if server and not name else ""
        self.environment = {"TESTSELECT_SERVER": ""}


def run(command, folder, environment=None):
    """What the command prints. Raises Failed."""
    try:
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False,
                              env={**os.environ, **(environment or {})})
    except OSError as error:
        raise Failed(f"{command[0]}: {error.strerror}") from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"status {done.returncode}"]
        raise Failed(f"{os.path.basename(command[0])} {command[1]}: {said[-1]}")
    return done.stdout.decode("utf-8", "backslashreplace")


def answer(command, folder, environment=None):
    """The JSON object that the command prints."""
    text = run(command, folder, environment)
    try:
        return json.loads(text)
    except ValueError:
        raise Failed(f"{os.path.basename(command[0])} {command[1]} printed no JSON: {text[:80]!r}") from None
