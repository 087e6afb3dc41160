"""Breaks one line of a project: a `return` inside a function that about one test in twenty executes.

    small_edit.py PROJECT COVERAGE_FILE     edits a file of PROJECT in place and prints what it did

The line is chosen by COVERAGE_FILE (coverage.py, one context per test) and always the same for the same project. It is
one that no import executes, so that the edit can break tests but not the whole suite.
"""

import ast
import pathlib
import sys

import coverage

WANTED_SHARE = 0.05


def single_line_returns(tree):
    """Yields the `return EXPRESSION` statements of functions that stand on a line of their own."""
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for node in ast.walk(function):
                if isinstance(node, ast.Return) and node.value and node.lineno == node.end_lineno:
                    if not isinstance(node.value, ast.Constant):
                        yield function.name, node


def tests_of(contexts):
    """Returns the tests among the contexts of a line: pytest-cov writes `node id|phase`, imports leave ''."""
    return {context.rpartition("|")[0] for context in contexts if context}


def candidates(project, data):
    """Yields (distance from the wanted share, path, line, function, tests) of every line that may be edited."""
    files = {pathlib.Path(name): name for name in data.measured_files()}
    total = len(tests_of(data.measured_contexts()))
    for path, name in sorted(files.items()):
        relative = path.relative_to(project)
        if relative.parts[0].startswith("test") or relative.suffix != ".py":
            continue
        contexts = data.contexts_by_lineno(name)
        source = path.read_text(encoding="utf-8")
        for function, node in single_line_returns(ast.parse(source)):
            seen = contexts.get(node.lineno, [])
            tests = tests_of(seen)
            starts_line = not source.splitlines()[node.lineno - 1][: node.col_offset].strip()
            if tests and "" not in seen and starts_line:
                yield abs(len(tests) - WANTED_SHARE * total), str(relative), node.lineno, function, len(tests)


def main():
    project = pathlib.Path(sys.argv[1]).resolve()
    data = coverage.CoverageData(basename=sys.argv[2])
    data.read()
    best = min(candidates(project, data), default=None)
    if best is None:
        sys.exit("small_edit.py: no function of this project returns something that only tests execute")
    _, relative, line, function, tests = best
    path = project / relative
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    old = lines[line - 1]
    indent = old[: len(old) - len(old.lstrip())]
    lines[line - 1] = f"{indent}return None\n"
    path.write_text("".join(lines), encoding="utf-8")
    print(f"{relative}:{line}, in {function}(), which {tests} tests execute:")
    print(f"  - {old.strip()}\n  + return None")


if __name__ == "__main__":
    main()
