"""Commits: a main line of ordinary ones, and thin heads that each edit their own files on top of the first."""
import os
import subprocess

from .project import IMPORT_TIME, NOT_CODE, SourceFile
from .suite import ZipfLaw, shuffled

FIRST_COMMIT_TIME = 1_600_000_000


class Importer:
    """A bare repository that `git fast-import` fills. A context manager: the import ends with it."""

    def __init__(self, folder):
        self.folder, self.marks = folder, os.path.join(os.path.dirname(folder), "marks")
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", folder], check=True)
        self.process = subprocess.Popen(
            ["git", "-C", folder, "fast-import", "--quiet", f"--export-marks={os.path.abspath(self.marks)}"],
            stdin=subprocess.PIPE)
        self.commits = 0

    def commit(self, branch, parent, message, files, renames=()):
        """Writes `files` on top of `parent` (a mark, 0 for none); returns the new commit's mark."""
        self.commits += 1
        write = self.process.stdin.write
        who = f"Bench Mark <bench@example.org> {FIRST_COMMIT_TIME + 1800 * self.commits} +0000"
        write(f"commit refs/heads/{branch}\nmark :{self.commits}\nauthor {who}\ncommitter {who}\n"
              f"data {len(message)}\n{message}\n".encode())
        if parent:
            write(f"from :{parent}\n".encode())
        for old, new in renames:
            write(f'R "{old}" "{new}"\n'.encode())
        for file in files:
            content = file.content()
            write(f'M 100644 inline "{file.path}"\ndata {len(content)}\n'.encode() + content + b"\n")
        return self.commits

    def __enter__(self):
        return self

    def __exit__(self, error, *_):
        self.process.stdin.close()
        if self.process.wait() and error is None:
            raise SystemExit("git fast-import failed")

    def ids(self):
        """{mark: commit id}, once the import has ended."""
        with open(self.marks, encoding="ascii") as lines:
            ids = {int(mark[1:]): commit for mark, commit in (line.split() for line in lines)}
        os.remove(self.marks)
        # One pack: what a mirror looks like after `git gc`.
        subprocess.run(["git", "-C", self.folder, "repack", "-a", "-d", "-q"], check=True)
        return ids


class Editor:
    """Changes the project as commits do. Functions keep their numbers, so evidence moves with them."""

    def __init__(self, project, change_ratio):
        self.project = project
        self.ratio = change_ratio
        self.offspring = {}  # function -> functions that were added beside it
        self.by_heat = shuffled(len(project.files), project.random)
        self.heat = ZipfLaw(len(project.files), 0.6)

    def ordinary_commit(self, number):
        """Edits about `change_ratio` of the files, mostly hot ones. Returns (files, renames)."""
        project, random = self.project, self.project.random
        touched = {}
        while len(touched) < max(1, round(self.ratio * len(project.files))):
            touched[self.by_heat[self.heat.draw(random)]] = True
        for file_no in touched:
            for _ in range(1 + int(5 * random() * random())):
                self.edit(file_no)
        files, renames = [project.files[f] for f in touched], []
        if random() < 0.15:
            old = files[0].path
            files[0].path = f"{old[:-3]}_moved{number}.py"
            renames.append((old, files[0].path))
        if random() < 0.25:
            path = f"src/added{number}/fresh_{len(project.files)}.py"
            project.files.append(SourceFile(path, project.module(len(project.files), path, 100)))
            files.append(project.files[-1])
        return files, renames

    def edit(self, file_no):
        project, random = self.project, self.project.random
        parts = project.files[file_no].parts
        functions = [i for i, part in enumerate(parts) if part.function is not None]
        kind = random()
        if kind < 0.04 or not functions:  # a constant
            parts[0] = parts[0].copy()
            parts[0].text.insert(-1, f"EXTRA_{project.number(100_000)} = {project.number(1_000)}")
            parts[0].owner.insert(-1, IMPORT_TIME)
            return
        at = project.pick(functions)
        part = parts[at]
        if kind < 0.10:  # a new function
            method = part.text[0].startswith(" ")
            added = project.function(file_no, f"added_{project.number(100_000)}_{len(parts)}", method,
                                     6 + project.number(10))
            parts.insert(at + 1, added)
            self.offspring.setdefault(part.function, []).append(added.function)
            return
        part = parts[at] = part.copy()
        line = project.pick([i for i, text in enumerate(part.text) if part.owner[i] >= 0 and "total = " in text])
        owner, indent = part.owner[line], part.text[line][:-len(part.text[line].lstrip())]
        if kind < 0.16:  # a comment
            part.text.insert(line, f"{indent}# see note {project.number(100_000)}")
            part.owner.insert(line, NOT_CODE)
        elif kind < 0.40:  # some more statements
            count = 1 + int(8 * random() * random())
            part.text[line + 1:line + 1] = [f"{indent}total = total + {project.number(100_000)}" for _ in range(count)]
            part.owner[line + 1:line + 1] = [owner] * count
        elif kind < 0.50 and part.owner.count(owner) > 2:  # one less
            del part.text[line], part.owner[line]
        else:
            part.text[line] = f"{indent}total = total ^ {project.number(100_000)}"

    def thin_changes(self, heads, files, lines, executed):
        """Per head that many copies of files, no file in two heads, each with `lines` statements of function bodies
        rewritten in place: such that some test executes, since others say nothing about the tests to select."""
        changes = [[] for _ in range(heads)]
        for file_no in shuffled(len(self.project.files), self.project.random):
            head = min(changes, key=len)
            if len(head) == files:
                break
            changed = self.rewrite(self.project.files[file_no], lines, executed)
            if changed is not None:
                head.append(changed)
        if len(min(changes, key=len)) < files:
            raise SystemExit("the project has too few files for the thin heads")
        return changes

    def rewrite(self, file, lines, executed):
        """A copy of `file` with so many statements rewritten; None where it has fewer that any test executes."""
        project, parts = self.project, [part.copy() for part in file.parts]
        statements = [(part, i) for part in parts for i, owner in enumerate(part.owner)
                      if owner >= 0 and executed.get(part.function, 0) >> owner & 1 and "total = " in part.text[i]]
        if len(statements) < lines:
            return None
        for _ in range(lines):
            part, i = statements.pop(project.number(len(statements)))
            indent = part.text[i][:-len(part.text[i].lstrip())]
            part.text[i] = f"{indent}total = total | {project.number(1_000_000)}"
        return SourceFile(file.path, parts)
