"""The made-up project's tests: labels, and which functions and branches each of them executes.

The tests of a module share most of what they reach, as tests with common fixtures do. Which files a module reaches
beside its subject follows a Zipf law: a few core files are reached by nearly all tests, most files by few.
"""
from array import array
from bisect import bisect_left

from .project import ACTIONS, IMPORT_TIME, NOT_CODE, NOUNS, Part, SourceFile

# What parametrised ids hold in the wild, the awkward ones included.
PARAMETERS = (
    "0", "1", "-7", "None", "True", "0.25-gbp", "chf-1.5", "two words", "a/b/c", "x::y", "café-東京", "Straße",
    "[inner]", "k=v", "{'n': 2}", "'single'", 'the "double"', "tab\\\\t", "rocket-🚀", "left|right", "50%",
    "https://host/path?a=b&c=d", "Ωmega", "2023-11-05T08:30:00+00:00", "", "longer-" + "and-longer-" * 14 + "end",
)
ALL_BRANCHES = 0xFFFF


class ZipfLaw:
    """Draws ranks from 0, rank r with weight 1 / (r + 1) ** exponent."""

    def __init__(self, count, exponent):
        self.sums, total = array("d"), 0.0
        for rank in range(1, count + 1):
            total += rank ** -exponent
            self.sums.append(total)

    def draw(self, random):
        return min(bisect_left(self.sums, random() * self.sums[-1]), len(self.sums) - 1)


def shuffled(count, random):
    order = list(range(count))
    for i in range(count - 1, 0, -1):
        j = int((i + 1) * random())
        order[i], order[j] = order[j], order[i]
    return order


class Suite:
    """Labels in the order in which they run; functions[i] and branches[i] are what label i executes."""

    def __init__(self, project):
        self.project = project
        self.labels, self.functions, self.branches = [], [], []
        self.functions_of_file = [file.functions() for file in project.files]

    def build(self, count, files_per_test, cohesion):
        project, sources = self.project, len(self.functions_of_file)
        by_popularity = shuffled(sources, project.random)
        law = ZipfLaw(sources, 1.0)
        while len(self.labels) < count:
            subject = project.number(sources)
            weights = {subject: 3.0}
            first = subject - subject % 12
            for _ in range(2):
                weights[min(sources - 1, first + project.number(12))] = 1.5
            want = max(2, int(files_per_test * (0.5 + project.random())))
            for _ in range(8 * want):
                if len(weights) >= want:
                    break
                weights.setdefault(by_popularity[law.draw(project.random)], 1.0)
            self.add_module(subject, *self.reach(weights, cohesion), count)

    def reach(self, weights, cohesion):
        """Functions that every test of a module enters, and those that some do."""
        random, always, sometimes = self.project.random, set(), set()
        for file_no, weight in weights.items():
            functions = self.functions_of_file[file_no]
            for _ in range(1 + int(4 * weight * random())):
                # Towards the front of the file: a module's main entry points are used most.
                function = functions[int(len(functions) * random() * random())]
                (always if random() < cohesion else sometimes).add(function)
        return sorted(always), sorted(sometimes)

    def executed_branches(self):
        """{function: mask of the branches that any label executes}"""
        executed = {}
        for functions, masks in zip(self.functions, self.branches):
            for function, mask in zip(functions, masks):
                executed[function] = executed.get(function, 0) | mask
        return executed

    def add_module(self, subject, always, sometimes, limit):
        project, random = self.project, self.project.random
        source = project.files[subject].path
        _, package, folder, name = source.split("/")
        path = f"tests/{package}/{folder}/test_{name[:-3]}_{len(project.files)}.py"
        file_no = len(project.files)
        parts = [Part(None, ["import pytest", f"import {source[:-3].replace('/', '.')}", ""],
                      [IMPORT_TIME, IMPORT_TIME, NOT_CODE])]
        group = f"Test{name.split('_')[0].capitalize()}" if random() < 0.5 else ""
        if group:
            parts.append(Part(None, [f"class {group}:"], [IMPORT_TIME]))
        last = min(limit, len(self.labels) + 4 + project.number(32))
        tests = 0
        while len(self.labels) < last:
            tests += 1
            stem = "größe" if random() < 0.01 else f"{project.pick(ACTIONS)}_{project.pick(NOUNS)}"
            test = project.function(file_no, f"test_{stem}_{tests}", bool(group), 4 + project.number(8))
            parts.append(test)
            entered = always + [f for f in sometimes if random() < 0.4]
            if random() < 0.5:
                entered += [project.pick(self.functions_of_file[subject]) for _ in range(2)]
            node = "::".join(filter(None, (path, group, f"test_{stem}_{tests}")))
            self.add_variants(node, test.function, sorted(set(entered)), last)
        project.files.append(SourceFile(path, parts))

    def add_variants(self, node, test, entered, last):
        """One label, or the parametrised ones of a test: the same functions, here and there another branch."""
        project, random = self.project, self.project.random
        count = project.branch_count
        usual = array("H", ((project.number(65536) | project.number(65536)) & ((1 << count[f]) - 1) | 1 for f in entered))
        variants = 1 if random() < 0.6 else 2 + int(16 * random() * random())
        for variant in range(min(variants, last - len(self.labels))):
            taken = array("H", usual)
            if variant and entered:
                for _ in range(1 + len(entered) // 16):
                    i = project.number(len(entered))
                    taken[i] = (taken[i] ^ (1 << project.number(count[entered[i]]))) | 1
            taken.append(ALL_BRANCHES)
            self.labels.append(f"{node}[{project.pick(PARAMETERS)}-{variant}]" if variants > 1 else node)
            self.functions.append(array("I", entered + [test]))
            self.branches.append(taken)
