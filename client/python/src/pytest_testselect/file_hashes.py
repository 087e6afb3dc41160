"""A choice without git: which files differ from those of the last run here, and which tests had to do with these.

Coarse on purpose. A test has to do with each file that it executed, opened or imported, and with all that its test file, and the
conftest.py files above it, import, as their sources say. What is new, gone, or known to nobody concerns every test.

PYTEST_DONT_REWRITE
"""
import ast
import hashlib
import os
import posixpath

from .choice import Choice
from .evidence_reader import read
from .repository import NOT_OURS, read_state, write_state

_NAME = "pytest-hashes.json"


class Unknown(Exception):
    """There is nothing to compare with; the text says why."""


def choose(top):
    """Raises Unknown."""
    try:
        state = read_state(top, _NAME)
        before, tests = state["files"], state["tests"]
    except (ValueError, KeyError, TypeError):
        raise Unknown("no run was recorded here yet") from None
    now = hashes(top)
    changed = {path for path in before.keys() | now.keys() if before.get(path) != now.get(path)}
    known = {path for test in tests.values() for path in test["files"]}
    blind = sorted(path for path in changed if path not in known or path not in now or path not in before)
    choice = Choice("file hashes", seconds={label: test["seconds"] for label, test in tests.items()})
    if blind:
        choice.because = f"{blind[0]} is new, gone, or no test's" + (f", and {len(blind) - 1} more" if len(blind) > 1 else "")
        choice.order = sorted(tests, key=lambda label: tests[label]["seconds"])
        return choice
    for label, test in sorted(tests.items(), key=lambda entry: entry[1]["seconds"]):
        met = sorted(changed.intersection(test["files"]))
        if met or test["opaque"] and changed or not test["seen"]:
            choice.order.append(label)
            choice.why[label] = f"{met[0]} changed" if met else "it did more than could be recorded"
        else:
            choice.skip.add(label)
    choice.because = "the change affects it"
    return choice


def learn(top, evidence, outcomes):
    """Takes over what a run recorded; tests that did not run keep what is known of them. Raises OSError."""
    now = hashes(top)
    try:
        state = read_state(top, _NAME) or {"tests": {}}
    except ValueError:
        state = {"tests": {}}
    # Of a test that did not run, what it needed is as it was then only where no file of it has changed since.
    old = state.get("files", {})
    kept = {label: test for label, test in state["tests"].items() if all(old.get(f) == now.get(f) for f in test["files"])}
    graph = imports(top, now)
    for label, seen in read(evidence).items():
        word, seconds, _ = outcomes.get(label, ("", 0.0, False))
        kept[label] = {"files": sorted(seen["files"] | reached(graph, label.split("::")[0])), "opaque": seen["opaque"],
                       "seconds": seconds, "seen": bool(seen["files"]) and word in ("passed", "xfailed", "xpassed")}
    write_state(top, _NAME, {"files": now, "tests": kept})


def hashes(top):
    """{path: digest} of all files that may be sources or data."""
    found = {}
    for folder, inner, names in os.walk(top):
        inner[:] = [name for name in inner if name not in NOT_OURS and not name.endswith(".egg-info") and
                    not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))]
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith((".pyc", ".log")) or name.startswith(".coverage") or not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                found[os.path.relpath(path, top).replace(os.sep, "/")] = hashlib.sha256(file.read()).hexdigest()
    return found


def imports(top, files):
    """{path: paths it may import}: a dotted name means every file whose path ends so."""
    ends = {}
    for path in files:
        if path.endswith(".py"):
            parts = path[:-3].split("/")
            parts = parts[:-1] if parts[-1] == "__init__" else parts
            for n in range(len(parts)):
                ends.setdefault(".".join(parts[n:]), set()).add(path)
    graph = {}
    for path in files:
        if path.endswith(".py"):
            found = set()
            for name in _names(top, path):
                while name:
                    found |= ends.get(name, set())
                    name = name.rpartition(".")[0]
            graph[path] = found
    return graph


def _names(top, path):
    try:
        with open(os.path.join(top, path), "rb") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return
    package = path.split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[:len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" if base else alias.name for alias in node.names)


def reached(graph, test_file):
    """The file, the conftest.py files above it, and all that these import."""
    todo, seen, folder = [test_file], set(), test_file
    while folder:
        folder = posixpath.dirname(folder)
        todo.append(posixpath.join(folder, "conftest.py"))
    while todo:
        path = todo.pop()
        if path in graph and path not in seen:
            seen.add(path)
            todo += graph[path]
            todo += [p for p in (posixpath.join(posixpath.dirname(path), "__init__.py"),) if p in graph]
    return seen
