"""Which files are the repository's own.

PYTEST_DONT_REWRITE
"""
import json
import os
import sys

# Folders whose files are installed or generated, wherever they stand.
NOT_OURS = frozenset(["site-packages", "dist-packages", "node_modules", "__pycache__", ".git", ".hg", ".tox", ".nox", ".eggs",
                      ".testselect", ".pytest_cache", ".mypy_cache", ".ruff_cache"])


def top_of(folder):
    """The top of the git work tree that holds `folder`, else `folder` itself; and whether it is git's."""
    start = at = os.path.realpath(folder)
    while True:
        if os.path.exists(os.path.join(at, ".git")):
            return at, True
        above = os.path.dirname(at)
        if above == at:
            return start, False
        at = above


def state_folder(top):
    """The folder of the repository that no commit has."""
    folder = os.path.join(top, ".testselect")
    if not os.path.isdir(folder):
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, ".gitignore"), "w", encoding="utf-8") as file:
            file.write("*\n")
    return folder


def read_state(top, name):
    """What write_state wrote; None where there is nothing. Raises ValueError where it is damaged."""
    try:
        with open(os.path.join(top, ".testselect", name), encoding="utf-8") as file:
            return json.load(file)
    except OSError:
        return None


def write_state(top, name, value):
    """Replaces a file of the state folder by plain values as a whole. Raises OSError."""
    path = os.path.join(state_folder(top), name)
    part = f"{path}.{os.getpid()}"
    with open(part, "w", encoding="utf-8") as file:
        json.dump(value, file)
    os.replace(part, path)


class Repository:
    """Answers by name, once per name. Thread-safe as far as a dictionary is."""

    def __init__(self, top):
        self.top = top
        self._prefix = top.rstrip(os.sep) + os.sep
        self._known = {}
        prefixes = {os.path.realpath(p) for p in (sys.prefix, sys.exec_prefix, sys.base_prefix)}
        # A virtual environment inside of the repository is not the repository's code; a repository inside of one is.
        self._foreign = tuple(p + os.sep for p in prefixes if p.startswith(self._prefix))

    def path_of(self, name):
        """The path from the top, with slashes, of the file that a code object or a call of open() names; None: not ours."""
        try:
            return self._known[name]
        except KeyError:
            path = self._known[name] = self._find(name)
            return path

    def _find(self, name):
        if not name or name[0] == "<":
            return None
        path = name if os.path.isabs(name) else os.path.join(os.getcwd(), name)
        if not path.startswith(self._prefix) or os.sep + "." in path or path.endswith(os.sep):
            path = os.path.realpath(path)
        if not path.startswith(self._prefix) or path.startswith(self._foreign):
            return None
        parts = path[len(self._prefix):].split(os.sep)
        if not NOT_OURS.isdisjoint(parts):
            return None
        path = os.path.normpath(path)
        return path[len(self._prefix):].replace(os.sep, "/")

    def opened_path_of(self, name):
        """As path_of for a name that may be relative to a working folder which changes."""
        if os.path.isabs(name):
            return self.path_of(name)
        return self.path_of(os.path.join(os.getcwd(), name))

    def absolute(self, path):
        """The inverse of path_of."""
        return self._prefix + path.replace("/", os.sep)
