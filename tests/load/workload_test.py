"""The workload maker: same arguments, same content; and what it writes is consistent."""
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import unittest

FOLDER = os.path.dirname(os.path.abspath(__file__))


def make(out, *arguments):
    subprocess.run([sys.executable, os.path.join(FOLDER, "make_workload.py"), out, "--labels", "60", "--sources", "48",
                    "--commits", "3", *arguments], check=True, stderr=subprocess.DEVNULL,
                   env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"))
    with open(os.path.join(out, "workload.json"), encoding="utf-8") as file:
        return json.load(file)


def read_sqlite(path, root):
    """{(file, context): set of lines}"""
    found = {}
    with sqlite3.connect(path) as db:
        rows = db.execute("select path, context, numbits from line_bits join file on file.id = file_id "
                          "join context on context.id = context_id")
        for file, context, bits in rows:
            lines = {8 * i + bit for i, byte in enumerate(bits) for bit in range(8) if byte >> bit & 1}
            found[os.path.relpath(file, root), context] = lines
    return found


class WorkloadTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.out = os.path.join(cls.scratch.name, "one")
        cls.facts = make(cls.out)

    def path(self, *names):
        return os.path.join(self.out, *names)

    def git(self, *arguments):
        return subprocess.run(["git", "-C", self.path("repo.git"), *arguments], check=True, capture_output=True,
                              text=True).stdout

    def test_same_arguments_same_content(self):
        again = os.path.join(self.scratch.name, "again")
        self.assertEqual(make(again), self.facts)
        for name in ("labels.txt", "c0/.coverage", "c0/coverage.json", "c1/.coverage", "c1-noise/.coverage"):
            with open(self.path(name), "rb") as one, open(os.path.join(again, name), "rb") as other:
                self.assertEqual(one.read(), other.read(), name)

    def test_another_seed_is_another_workload(self):
        other = make(os.path.join(self.scratch.name, "other"), "--seed", "2")
        self.assertNotEqual(other["commits"][0], self.facts["commits"][0])

    def test_json_and_sqlite_hold_the_same_evidence(self):
        from_json = {}
        with open(self.path("c0/coverage.json"), encoding="utf-8") as file:
            for name, entry in json.load(file)["files"].items():
                for line, contexts in entry["contexts"].items():
                    for context in contexts:
                        from_json.setdefault((name, context), set()).add(int(line))
        whole = read_sqlite(self.path("c0/.coverage"), self.facts["root"])
        self.assertEqual(from_json, whole)
        counted = sum(len(lines) for (_, context), lines in whole.items() if context)
        self.assertEqual(counted, self.facts["coverage"]["c0"]["pairs"])
        dealt = {}
        for worker in range(4):
            dealt.update(read_sqlite(self.path(f"c0/.coverage.worker{worker}"), self.facts["root"]))
        self.assertEqual(dealt, whole)

    def test_lines_are_statements_of_the_commit(self):
        covered = read_sqlite(self.path("c1/.coverage"), self.facts["root"])
        for name in sorted({file for file, _ in covered})[:20]:
            text = self.git("show", f"{self.facts['commits'][1]}:{name}")
            compile(text, name, "exec")
            lines = text.split("\n")
            for (file, _), numbers in covered.items():
                for number in numbers if file == name else ():
                    self.assertTrue(lines[number - 1].strip() and not lines[number - 1].lstrip().startswith("#"),
                                    f"{name}:{number}: {lines[number - 1]!r}")

    def test_noise_changes_few_rows(self):
        quiet = read_sqlite(self.path("c1/.coverage"), self.facts["root"])
        loud_out = os.path.join(self.scratch.name, "loud")
        make(loud_out, "--noise", "0.05")
        loud = read_sqlite(os.path.join(loud_out, "c1-noise/.coverage"), self.facts["root"])
        changed = sum(loud.get(key) != lines for key, lines in quiet.items())
        self.assertGreater(changed, 0)
        self.assertLess(changed, len(quiet) / 2)

    def test_thin_heads_change_files_of_their_own(self):
        seen = set()
        for head in self.facts["thin"]["heads"]:
            files = self.git("diff-tree", "-r", "--name-only", self.facts["commits"][0], head).split()
            self.assertEqual(len(files), self.facts["thin"]["files"])
            self.assertFalse(seen & set(files))
            seen.update(files)
            numbers = self.git("diff", "--numstat", self.facts["commits"][0], head).split("\n")
            added = sum(int(row.split("\t")[0]) for row in numbers if row)
            self.assertEqual(added, self.facts["thin"]["lines"])

    def test_thin_heads_change_lines_that_tests_execute(self):
        first, head = self.facts["commits"][0], self.facts["thin"]["heads"][0]
        covered = {}
        for (file, context), lines in read_sqlite(self.path("c0/.coverage"), self.facts["root"]).items():
            covered.setdefault(file, set()).update(lines if context else ())
        for file in self.git("diff-tree", "-r", "--name-only", first, head).split():
            for hunk in re.findall(r"^@@ -([0-9]+),?([0-9]*) ", self.git("diff", "-U0", first, head, "--", file), re.M):
                begin, count = int(hunk[0]), int(hunk[1] or 1)
                self.assertLessEqual(set(range(begin, begin + count)), covered[file], file)

    def test_labels_are_unique_lines(self):
        with open(self.path("labels.txt"), encoding="utf-8") as file:
            labels = file.read().split("\n")
        self.assertEqual(labels.pop(), "")
        self.assertEqual(len(labels), 60)
        self.assertEqual(len(set(labels)), 60)
        self.assertTrue(all("::" in label for label in labels))


if __name__ == "__main__":
    unittest.main()
