"""Stories that users of pytest-testmon and py-smart-test know, told anew to `--smart`: what ran is what must have run."""
import subprocess
import sys

import pytest

from conftest import monitoring
from test_smart import FILES, learnt, ran, smart   # noqa: F401: a fixture among them

pytestmark = monitoring


@pytest.fixture
def known(project):
    """Commits files and lets everything run once."""
    def known(files, expect=0):
        project.write(files)
        project.commit()
        return smart(project, expect=expect)
    return known


# What changed -> who runs: (files, file, old text, new text, those that run). Each change is tried on the files as they were.
CHANGES = [
    ("a test under a decorator", {"test_a.py": "import pytest\n@pytest.mark.skipif('False')\ndef test_add(): assert 1 + 2 == 3\ndef test_2(): pass\n"},
     "test_a.py", "1 + 2 ==", "2 + 1 ==", {"test_add"}),
    ("a line at the beginning of a body", {"test_a.py": "def test_a():\n    assert 1 + 2 == 3\ndef test_b(): pass\n"},
     "test_a.py", "    assert", "    x = 1\n    assert", {"test_a"}),
    ("a line at the end of a body", {"test_a.py": "def test_a():\n    assert 1 + 2 == 3\n\ndef test_b(): pass\n"},
     "test_a.py", "== 3\n", "== 3\n    assert True\n", {"test_a"}),
    ("a definition's head that goes: its body joins the test above", {"test_a.py": "def test_1():\n    assert 1\n\ndef test_2():\n    assert 2\n"},
     "test_a.py", "def test_2():\n", "", {"test_1"}),
    ("a test that imports another test's module", {"test_a.py": "def test_1(): pass\ndef helper(): pass\n",
                                                   "test_b.py": "import test_a\ndef test_2():\n    test_a.helper()\n"},
     "test_b.py", "helper()\n", "helper()\n    pass\n", {"test_2"}),
    ("a class of unittest, in a file named the other way round", {
        "b.py": "def divide(a, b): return a // b\ndef multiply(a, b): return a * b\n", "b_test.py": """
            import unittest
            from b import multiply, divide
            class TestB(unittest.TestCase):
                def test_multiply(self): self.assertEqual(multiply(1, 2), 2)
                def test_divide(self): self.assertEqual(divide(1, 2), 0)
        """}, "b.py", "a // b", "int(a / b)", {"TestB::test_divide"}),
    ("a method that gets another name", {"test_a.py": "class TestA:\n    def test_one(self): pass\n    def test_two(self): print(2)\n"},
     "test_a.py", "test_two", "test_twob", {"TestA::test_twob"}),
    ("a test that no longer needs a module", {"lib.py": "def minus(a): return a - 1\n", "test_a.py": "from lib import minus\ndef test_1(): minus(1)\n"},
     "test_a.py", "from lib import minus\ndef test_1(): minus(1)", "def test_1(): pass", {"test_1"}),
    ("a function that nobody called", {"calc.py": "def used():\n    return 1\ndef unused():\n    return 2\n", "test_a.py": "import calc\ndef test_a(): calc.used()\n"},
     "calc.py", "return 2", "return 3", set()),
    # Nobody calls these, but the module now imports otherwise: one test of each file that imports it runs, lest the import fails.
    ("a function that nobody called gets another name", {
        "calc.py": "def used():\n    return 1\ndef unused():\n    return 2\n", "test_a.py": "import calc\ndef test_a(): calc.used()\n"},
     "calc.py", "def unused", "def other", {"test_a"}),
    ("a function that is new", {**FILES, "test_other.py": "def test_other(): pass\n"},
     "calc.py", "return a * b\n", "return a * b\n\ndef subtract(a, b):\n    return a - b\n", 1),
    ("comments, layout and a docstring", FILES, "calc.py", "def add(a, b):\n", "# sums\ndef add(a,  b):\n\n    '''Adds.'''\n", set()),
    ("a body inside of an alternative", {"calc.py": """
        def f(a):
            match a:
                case 1:
                    def b(): return "one"
                case _:
                    def b(): return "other"
            return b()
     """, "test_a.py": "import calc\ndef test_one(): calc.f(1)\ndef test_none(): pass\n"}, "calc.py", "\"one\"", "'1'", {"test_one"}),
    ("what is printed while a module is imported", {"calc.py": "print('a')\nX = 1\n", "test_a.py": "import calc\ndef test_1(): print(1)\n"},
     "calc.py", "'a'", "'changed'", {"test_1"}),
]


@pytest.mark.parametrize("files, file, old, new, runs", [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_a_change_runs_whom_it_concerns(project, known, files, file, old, new, runs):
    known(files)
    project.change(file, old, new)
    found = set(ran(smart(project, expect=None)))
    assert len(found) == runs if isinstance(runs, int) else found == runs


def test_bytes_of_another_encoding_and_line_ends_are_compared_as_they_are(project, known):
    (project.top / "odd.py").write_bytes("# -*- coding: cp1250 -*-\r\ndef name():\r\n    return 'š'\r\ndef other():\r\n    return 1".encode("cp1250"))
    known({"empty.py": "", "test_a.py": "import empty, odd\ndef test_name(): assert odd.name()\ndef test_other(): assert odd.other()\n"})
    data = (project.top / "odd.py").read_bytes()
    (project.top / "odd.py").write_bytes(data.replace("š".encode("cp1250"), "ž".encode("cp1250")))
    assert ran(smart(project)) == ["test_name"]
    (project.top / "odd.py").write_bytes(data + b"\r\n")
    assert ran(smart(project, expect=None)) == []


def test_a_file_that_was_written_again_with_the_same_text_runs_nothing(learnt):
    text = (learnt.top / "calc.py").read_text()
    (learnt.top / "calc.py").write_text(text)
    assert ran(smart(learnt, expect=None)) == []


def test_a_test_that_fails_passes_and_then_rests_although_it_left_a_file(project, known):
    known({".gitignore": "check\n", "test_a.py": """
        import os
        def test_file():
            there = os.path.exists("check")
            open("check", "a").close()
            assert there
        def test_other(): pass
    """}, expect=1)
    assert ran(smart(project)) == ["test_file"]
    assert ran(smart(project, expect=None)) == []


def test_each_new_failure_and_its_end_are_seen(project, known):
    known({"test_a.py": "def test_add():\n    pass\n"})
    for text, status in [("1/0", 1), ("blas", 1), ("pass", 0)]:
        project.write({"test_a.py": f"def test_add():\n    {text}\n"})
        assert ran(smart(project, expect=status)) == ["test_add"]
    assert ran(smart(project, expect=None)) == []


def test_a_failure_is_no_phantom_once_it_was_mended(project, known):
    known({"test_a.py": "def test_add():\n    1/0\ndef test_b(): pass\n"}, expect=1)
    project.change("test_a.py", "1/0", "pass")
    assert ran(smart(project)) == ["test_add"]
    project.commit()
    assert ran(smart(project)) == ["test_add"], "its evidence is of a failed run"
    assert ran(smart(project, expect=None)) == []


def test_failing_then_skipped_then_failing_again(project, known):
    known({"test_a.py": "import pytest\ndef test_add():\n    1/0\n"}, expect=1)
    project.change("test_a.py", "def test_add", "@pytest.mark.skip\ndef test_add")
    assert ran(smart(project)) == ["test_add"]
    project.commit()
    smart(project)
    project.change("test_a.py", "@pytest.mark.skip\n", "")
    assert ran(smart(project, expect=1)) == ["test_add"]


def test_an_error_of_a_fixture_is_an_error_until_it_is_mended(project, known):
    known({"fixture.py": "import pytest\n@pytest.fixture\ndef broken(): raise Exception('from the fixture')\n",
           "test_a.py": "from fixture import broken\ndef test_1(broken): pass\ndef test_2(): pass\n"}, expect=1)
    assert ran(smart(project, expect=1)) == ["test_1"]
    project.change("fixture.py", "raise Exception('from the fixture')", "return 1")
    assert ran(smart(project)) == ["test_1"]


def test_a_failed_test_stays_beside_one_that_changed(project, known):
    known({"test_a.py": "def test_1(): 1\ndef test_2(): assert False\n"}, expect=1)
    project.change("test_a.py", "test_1(): 1", "test_1(): 2")
    assert ran(smart(project, expect=1)) == ["test_2", "test_1"]


def test_a_module_that_goes_runs_those_who_lived_on_it(project, known):
    known({"lib.py": "def a(): return 1\n", "test_a.py": "try:\n    from lib import a\nexcept ImportError:\n    pass\ndef test_a(): assert a() == 1\n",
           "test_b.py": "def test_b(): pass\n"})
    (project.top / "lib.py").unlink()
    assert ran(smart(project, expect=1)) == ["test_a"]


def test_a_module_that_a_test_file_writes_imports_and_removes_does_no_harm(project, known):
    output = known({"test_a.py": """
        import os, sys
        with open("b73.py", "w") as f:
            f.write("X = 1")
        sys.path.insert(0, ".")
        import b73
        os.remove("b73.py")
        def test_1(): assert b73.X == 1
    """})
    assert "learnt 1 tests" in output
    assert ran(smart(project, expect=None)) == []


def test_a_broken_file_is_reported_and_its_tests_run_when_it_is_mended(project, known):
    known({"test_a.py": "def test_0(): pass\ndef test_2(): pass\n", "calc.py": "def f(): return 1\n", "test_b.py": "import calc\ndef test_f(): calc.f()\n"})
    project.change("test_a.py", "def test_2(): pass", "def test_2():\n    try: # and nothing else")
    assert "ERROR collecting test_a.py" in smart(project, expect=2)
    project.change("test_a.py", "\n    try: # and nothing else", " print(1)")
    assert ran(smart(project)) == ["test_2"]
    project.git("checkout", "-q", ".")
    project.change("calc.py", "return 1", "return (1")
    assert "ERROR collecting test_b.py" in smart(project, "--smart", "--smart-working-tree", expect=2)


@pytest.mark.parametrize("stop", ["raise KeyboardInterrupt", "import pytest; pytest.exit('enough')"])
def test_an_interrupted_run_teaches_nothing(project, known, stop):
    known({"test_a.py": "def test_1(): 1\ndef test_2(): 2\ndef test_3(): 3\n"})
    project.write({"test_a.py": f"def test_1(): 11\ndef test_2():\n    {stop}\ndef test_3(): 33\n"})
    project.commit()
    assert "learnt" not in smart(project, expect=2)
    project.write({"test_a.py": "def test_1(): 11\ndef test_2(): 22\ndef test_3(): 33\n"})
    project.commit()
    assert set(ran(smart(project))) == {"test_1", "test_2", "test_3"}


def test_tests_that_an_option_left_out_are_still_unknown(project):
    def commit(one, two):
        project.write({"test_a.py": f"def test_1():\n    {one}\n\ndef test_2():\n    {two}\n"})
        project.commit()

    commit("pass", "pass")
    assert ran(smart(project, "--smart", "-k", "test_1")) == ["test_1"]
    assert "test_2" in ran(smart(project))
    commit("print()", "print(2)")
    assert ran(smart(project, "--smart", "test_a.py::test_1")) == ["test_1"]
    commit("print()", "print()")
    assert ran(smart(project)) == ["test_2"]


def test_doctests_of_text_and_modules(project, known):
    project.write({"pytest.ini": "[pytest]\npythonpath = .\naddopts = --doctest-modules\n"})
    known({"test_doc.txt": ">>> 1\n1\n", "calc.py": 'def one():\n    """\n    >>> one()\n    1\n    """\n    return 1\n'})
    project.change("calc.py", "return 1", "return 2")
    assert "calc.one" in " ".join(ran(smart(project, expect=1)))
    project.git("checkout", "-q", ".")
    project.change("test_doc.txt", ">>> 1\n1", ">>> 2\n1")
    assert "test_doc.txt" in " ".join(ran(smart(project, expect=1)))


def test_a_pytest_within_a_test_is_no_other_run(project, known):
    output = known({"test_a.py": """
        pytest_plugins = "pytester",
        def test_nested(pytester):
            pytester.makepyfile("def test_1(): pass")
            pytester.runpytest_inprocess("--smart").assert_outcomes(passed=1)
        def test_other(): pass
    """})
    assert "learnt 2 tests" in output


def test_shorter_tests_run_first(project, known):
    known({"test_a.py": "import time\ndef test_a(): time.sleep(0.9)\n", "test_m.py": """
        import time
        class TestA:
            def test_a(self): time.sleep(0.3)
        class TestB:
            def test_b(self): time.sleep(0.01)
    """})
    for file, old in [("test_a.py", "sleep(0.9)"), ("test_m.py", "sleep(0.3)"), ("test_m.py", "sleep(0.01)")]:
        project.change(file, old, "sleep(0)")
    assert ran(smart(project)) == ["TestB::test_b", "TestA::test_a", "test_a"]


def test_first_the_failed_then_the_affected_then_the_rest_each_the_shortest_first(project, known):
    names = {"rest_slow": .5, "rest_fast": .01, "aff_slow": .5, "aff_fast": .01, "fail_slow": .5, "fail_fast": .01}
    known({"test_a.py": "import time\n" + "".join(
        f"def test_{name}():\n    time.sleep({seconds})\n    {'assert False' if 'fail' in name else 'pass'}\n" for name, seconds in names.items())}, expect=1)
    text = (project.top / "test_a.py").read_text()
    for name in ("aff_slow", "aff_fast"):
        text = text.replace(f"def test_{name}():\n", f"def test_{name}():\n    x = 1\n")
    (project.top / "test_a.py").write_text(text)
    assert ran(smart(project, "--smart-first", expect=1)) == [
        f"test_{name}" for name in ("fail_fast", "fail_slow", "aff_fast", "aff_slow", "rest_fast", "rest_slow")]


def test_a_commit_that_comes_while_tests_run_gets_no_evidence_of_older_files(project, known):
    known({"lib.py": "def f(): return 1\ndef g(): return 2\n", "test_a.py": "import lib\ndef test_f(): assert lib.f()\n"})
    project.write({"test_b.py": """
        import lib, subprocess
        def test_g():
            assert lib.g() == 2
            with open("lib.py") as file: text = file.read()
            with open("lib.py", "w") as file: file.write(text.replace("return 2", "return 3"))
            subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-qam", "meanwhile"], check=True)
    """})
    project.commit()
    assert "the files changed while it ran" in smart(project)
    assert "test_g" in ran(smart(project, expect=None))


def test_no_collect_alone_chooses_as_smart_does(learnt):
    learnt.change("calc.py", "a + b", "b + a")
    learnt.commit()
    first = smart(learnt, "--smart-no-collect")
    assert ran(first) == ["test_add"] and "learnt" not in first
    assert ran(smart(learnt)) == ["test_add"]


def test_without_an_optional_package_the_same_tests_run_without_it_and_it_is_said(learnt):
    learnt.change("calc.py", "a + b", "b + a")
    output = smart(learnt, "--smart", "--smart-parallel", "-p", "no:xdist")
    assert ran(output) == ["test_add"] and "there is no pytest-xdist; tests run one after the other" in output
    learnt.write({".gitignore": "none\n", "none/sitecustomize.py": "import sys\nsys.modules['coverage'] = None\n"})
    learnt.commit()
    smart(learnt)
    learnt.change("calc.py", "a * b", "b * a")
    output = smart(learnt, "--smart-coverage", environment={"PYTHONPATH": str(learnt.top / "none")})
    assert ran(output) == ["test_mul"] and "coverage.py is not installed" in output


@pytest.mark.parametrize("options", [["--smart-parallel"], ["--smart-first", "--smart-parallel"], ["--smart-parallel", "--smart-parallel-workers", "auto", "--smart-coverage"]],
                         ids=" ".join)
def test_workers_and_coverage_go_with_each_other(learnt, options):
    pytest.importorskip("xdist")
    learnt.change("calc.py", "a + b", "b + a")
    output = learnt.pytest("-v", "--smart-working-tree", *options)
    assert "PASSED test_calc.py::test_add" in output and ("test_mul" in output) == ("--smart-first" in options)


def test_a_project_without_tests_is_no_crash(project, known):
    known({"pyproject.toml": "[project]\nname = 'x'\nversion = '1'\n", "tests/__init__.py": ""}, expect=5)


def test_state_that_cannot_be_read_or_written_costs_the_choice_and_not_the_run(learnt):
    state = learnt.top / ".testselect"
    (state / "pytest-failed.json").write_text("NOT JSON {{{")
    assert ran(smart(learnt, expect=None)) == []
    subprocess.run(["rm", "-r", str(state)], check=True)
    output = smart(learnt)
    assert "NO_INDEX" in output and "learnt 2 tests" in output, "what is lost is learnt again"
    subprocess.run(["rm", "-r", str(state)], check=True)
    state.write_text("a file where the folder should be")
    assert len(ran(smart(learnt))) == 2


def test_under_another_tools_coverage_the_same_tests_run(learnt):
    pytest.importorskip("coverage")
    learnt.write({".gitignore": ".coverage\n"})
    learnt.change("calc.py", "a + b", "b + a")
    learnt.commit()
    done = subprocess.run([sys.executable, "-m", "coverage", "run", "-m", "pytest", "-v", "--smart", "-p", "no:cacheprovider"], cwd=learnt.top,
                          capture_output=True, text=True, check=False)
    assert ran(done.stdout) == ["test_add"], done.stdout
    assert ran(smart(learnt, expect=None)) == []


def test_last_failed_and_smart_leave_what_both_ask_for(project, known):
    known({"test_a.py": "def test_1(): pass\n", "test_b.py": "import test_a\ndef test_2():\n    test_a.test_1()\n    raise Exception()\n"}, expect=1)
    project.change("test_b.py", "    test_a.test_1()\n    raise Exception()", "    pass")
    assert ran(smart(project, "--smart", "--lf", "-p", "cacheprovider")) == ["test_2"]


def test_without_options_everything_runs_and_nothing_is_kept(project):
    project.write(FILES)
    project.commit()
    assert len(ran(project.pytest("-v"))) == 2 and not (project.top / ".testselect").exists()
