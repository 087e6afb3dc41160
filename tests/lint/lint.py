#!/usr/bin/env python3
"""Checks the rules of the tree that no compiler checks. Standard library only.

    lint.py [ROOT]      prints `path:line: rule: message` per finding; exit status 1 if any is an error

Rules: direction (who may include whom), home (a library's headers have one folder), pragma-once,
length (files of more than 400 lines are warned about, of more than 600 refused), words (unfinished
work, paths of one machine), shell (bash -n, and shellcheck where it is installed).
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

WARN_LINES = 400
MAX_LINES = 600

# Who may include whose headers, by folder; the longest folder that holds a file decides. A folder may
# always include itself. Folders that are not listed (tests) may include everything.
MODEL = ["storage/model"]
LAYERS = ["storage", "storage/model", "server/git", "server/source"]
MAY_INCLUDE = {
    "storage/model": [],
    "storage": MODEL,
    "server/git": MODEL,
    "server/source": MODEL,
    "server/ingest": LAYERS,
    "server/selection": LAYERS,
    "server/ops": ["storage"] + MODEL,
    "server/rpc": LAYERS + ["server/ingest", "server/selection", "server/ops"],
    "server": LAYERS + ["server/ingest", "server/selection", "server/ops", "server/rpc"],
    "client": LAYERS + ["server", "server/ingest", "server/selection", "server/ops", "server/rpc"],
}
# Where our own headers begin: an include of anything else in quotes is not checked for direction.
OUR_FOLDERS = ("storage/", "server/", "client/", "tests/")

# A library's headers, and the only files that may include them. Tests are free to.
HOMES = [
    (re.compile(r"git2(\.h$|/)"), re.compile(r"server/git/"), "libgit2", "server/git"),
    (re.compile(r"rocksdb/"), re.compile(r"storage/rocksdb_"), "RocksDB", "storage/rocksdb_*"),
    (re.compile(r"curl/"), re.compile(r"storage/s3_"), "libcurl", "storage/s3_*"),
    (re.compile(r"prometheus/"), re.compile(r"server/ops/"), "prometheus-cpp", "server/ops"),
    (re.compile(r"civetweb\.h$"), re.compile(r"server/ops/"), "civetweb", "server/ops"),
    (re.compile(r".*\.pb\.h$"), re.compile(r"(server/rpc|client)/"), "generated protos",
     "server/rpc and client"),
    # The engines: who asks for evidence does not know where it is kept.
    (re.compile(r"storage/(rocksdb|memory)_index_store\.h$"),
     re.compile(r"storage/|server/[^/]*\.(cc|h)$|client/"), "a concrete index store",
     "storage, server/main.cc and client"),
]

# Spelt in pieces, so that this file passes its own check.
WORDS = [
    (re.compile(r"\b(TO" r"DO|FIX" r"ME)\b"), "unfinished work; finish it or open an issue"),
    (re.compile(r"(?<![\w.$})-])/(work|ro" r"ot)/"), "a path of one machine"),
    (re.compile(r"/tmp/(build|briefs|bash_jobs)"), "a path of one machine"),
]

CODE = {".cc", ".h", ".py", ".sh", ".cmake", ".proto", ".c", ".js"}
TEXT = CODE | {".md", ".txt", ".yml", ".yaml", ".json", ".service", ".1", ".supp", ""}
DATA = re.compile(r"(^|/)(corpus|golden|seeds|testdata)/")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
SKIPPED_FOLDERS = {".git", "build", "node_modules", "__pycache__", ".cache", ".testselect"}


@dataclass
class Finding:
    path: str
    line: int
    rule: str
    message: str
    warning: bool = False

    def __str__(self):
        kind = "warning: " if self.warning else ""
        return f"{self.path}:{self.line}: {kind}{self.rule}: {self.message}"


def list_files(root):
    """The files that are, or would be, under version control; all files where there is none."""
    if (root / ".git").exists() and shutil.which("git"):
        # The tree may belong to somebody else than who checks it.
        out = subprocess.run(
            ["git", "-c", f"safe.directory={root}", "-C", str(root), "ls-files", "-z", "--cached",
             "--others", "--exclude-standard"],
            capture_output=True, check=False)
        if out.returncode == 0:
            names = sorted(set(os.fsdecode(out.stdout).split("\0")) - {""})
            return [n for n in names if (root / n).is_file()]
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS)
        found += [os.path.relpath(os.path.join(folder, f), root) for f in sorted(files)]
    return found


def folder_of(path):
    """The key of MAY_INCLUDE that governs `path`, or None."""
    fitting = [f for f in MAY_INCLUDE if path.startswith(f + "/")]
    return max(fitting, key=len, default=None)


def check_include(path, number, name, quoted):
    own = folder_of(path)
    target = folder_of(name)
    if quoted and own and name.startswith(OUR_FOLDERS) and target != own:
        if target not in MAY_INCLUDE[own]:
            allowed = ", ".join(MAY_INCLUDE[own]) or "nothing of ours"
            yield Finding(path, number, "direction",
                          f"{own} may include {allowed}, but not {name}")
    if path.startswith("tests/"):
        return
    for header, home, library, where in HOMES:
        if header.match(name) and not home.match(path):
            yield Finding(path, number, "home", f"{library} ({name}) may be used in {where} only")


def check_code(path, lines):
    if Path(path).suffix not in {".cc", ".h"}:
        return
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if match:
            yield from check_include(path, number, match.group(2), match.group(1) == '"')
    if path.endswith(".h"):
        directives = [line.strip() for line in lines if line.lstrip().startswith("#")]
        if not directives or directives[0] != "#pragma once":
            yield Finding(path, 1, "pragma-once", "the first directive of a header is #pragma once")


def check_length(path, lines):
    if Path(path).suffix not in CODE or len(lines) <= WARN_LINES:
        return
    too_long = len(lines) > MAX_LINES
    limit = MAX_LINES if too_long else WARN_LINES
    yield Finding(path, len(lines), "length", f"{len(lines)} lines, more than {limit}",
                  warning=not too_long)


def check_words(path, lines):
    for number, line in enumerate(lines, 1):
        for pattern, why in WORDS:
            match = pattern.search(line)
            if match:
                yield Finding(path, number, "words", f"'{match.group(0)}': {why}")


def is_shell(path, lines):
    return path.endswith(".sh") or bool(lines and re.match(r"#!.*\b(ba)?sh\b", lines[0]))


def check_shell(root, path, shellcheck):
    done = subprocess.run(["bash", "-n", str(root / path)], capture_output=True, text=True,
                          errors="replace", check=False)
    if done.returncode != 0:
        yield Finding(path, 1, "shell", done.stderr.strip())
    elif shellcheck:
        done = subprocess.run([shellcheck, "-S", "warning", "-f", "gcc", path], cwd=root,
                              capture_output=True, text=True, errors="replace", check=False)
        if done.returncode != 0:
            yield Finding(path, 1, "shell", (done.stdout + done.stderr).strip())


def check_tree(root):
    shellcheck = shutil.which("shellcheck")
    for path in list_files(root):
        if Path(path).suffix not in TEXT or DATA.search(path):
            continue
        content = (root / path).read_bytes()
        if b"\0" in content[:8000]:
            continue
        lines = content.decode("utf-8", errors="replace").splitlines()
        yield from check_code(path, lines)
        yield from check_length(path, lines)
        yield from check_words(path, lines)
        if is_shell(path, lines):
            yield from check_shell(root, path, shellcheck)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", nargs="?", default=Path(__file__).parents[2], type=Path)
    root = parser.parse_args().root.resolve()
    if not shutil.which("shellcheck"):
        print("note: shellcheck is not installed; shell scripts are only parsed")
    findings = list(check_tree(root))
    for finding in findings:
        print(finding)
    errors = sum(not f.warning for f in findings)
    print(f"{errors} errors, {len(findings) - errors} warnings")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
