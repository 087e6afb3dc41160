"""`--smart` and its kin, with the stories that other selectors' users know, told anew."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import monitoring

pytestmark = monitoring

FILES = {"calc.py": """
    def add(a, b):
        return a + b

    def mul(a, b):
        return a * b
""", "test_calc.py": """
    import calc
    def test_add(): assert calc.add(1, 2) == 3
    def test_mul(): assert calc.mul(2, 3) == 6
"""}


def ran(output):
    """Names of the tests that ran, in order."""
    return re.findall(r"::(\S+) (?:PASSED|FAILED|SKIPPED|ERROR|XFAIL|XPASS)", output)


def smart(project, *arguments, expect=0, **more):
    return project.pytest("-v", *(arguments or ["--smart"]), expect=expect, **more)


@pytest.fixture
def learnt(project):
    """A project whose first commit is known."""
    project.write(FILES)
    project.commit()
    output = smart(project)
    assert "all 2 tests can be affected, because NO_INDEX" in output and "learnt 2 tests" in output
    return project


def test_nothing_runs_where_nothing_changed_and_that_is_success(learnt):
    output = smart(learnt, expect=None)
    assert ran(output) == []
    assert "0 of 2 tests can be affected, 2 not run, because no change reaches what they were seen to need" in output


def test_a_change_runs_the_tests_that_executed_it_with_the_reason_of_each(learnt):
    learnt.change("calc.py", "a + b", "b + a")
    output = smart(learnt)
    assert ran(output) == ["test_add"]
    assert "test_calc.py::test_add: COVERED_CHANGE calc.py" in output and "1 of 2 tests can be affected, 1 not run" in output


def test_a_changed_test_runs(learnt):
    learnt.change("test_calc.py", "calc.mul(2, 3) == 6", "6 == calc.mul(2, 3)")
    assert ran(smart(learnt)) == ["test_mul"]


def test_a_new_test_runs_and_so_does_a_renamed_one(learnt):
    learnt.change("test_calc.py", "test_mul", "test_product")
    learnt.write({"test_new.py": "def test_new(): pass\n"})
    assert set(ran(smart(learnt))) == {"test_product", "test_new"}


def test_a_decorator_that_changes_runs_the_tests_of_what_it_decorates(project):
    project.write({"calc.py": """
        def twice(f):
            return lambda *a: 2 * f(*a)
        def once(f):
            return f
        @once
        def add(a, b): return a + b
        def mul(a, b): return a * b
    """, "test_calc.py": FILES["test_calc.py"]})
    project.commit()
    smart(project)
    project.change("calc.py", "@once", "@twice")
    assert ran(smart(project, expect=1)) == ["test_add"]


def test_a_failed_test_runs_again_until_it_passes_and_comes_first(learnt):
    learnt.change("calc.py", "a * b", "a - b")
    assert ran(smart(learnt, expect=1)) == ["test_mul"]
    learnt.git("checkout", "-q", "calc.py")
    learnt.change("calc.py", "a + b", "b + a")
    assert ran(smart(learnt)) == ["test_mul", "test_add"]
    assert ran(smart(learnt)) == ["test_add"]


def test_skipped_tests_run_each_time_because_nothing_is_known_of_them(project):
    project.write({"test_a.py": "import pytest\n@pytest.mark.skip\ndef test_one(): pass\ndef test_two(): pass\n"})
    project.commit()
    smart(project)
    assert ran(smart(project)) == ["test_one"]


def test_constants_that_tests_live_on_run_them(project):
    project.write({"limits.py": "LIMIT = 3\nOTHER = 1\n", "calc.py": "from limits import LIMIT\ndef under(x): return x < LIMIT\ndef f(): pass\n",
                   "test_a.py": "import calc\ndef test_under(): assert calc.under(2)\ndef test_f(): calc.f()\n"})
    project.commit()
    smart(project)
    project.change("limits.py", "LIMIT = 3", "LIMIT = 1")
    # The cheapest test of the file runs, too: should the import fail now, somebody says so.
    assert "test_under" in ran(smart(project, expect=1))


def test_shared_fixtures_and_caches_run_all_who_live_on_them(project):
    project.write({"calc.py": """
        import functools
        def make(): return 1
        @functools.lru_cache
        def slow(): return 2
        def other(): return 3
    """, "conftest.py": "import calc, pytest\n@pytest.fixture(scope='session')\ndef made(): return calc.make()\n", "test_a.py": """
        import calc
        def test_first(made): assert made == 1
        def test_second(made): assert made == 1
        def test_slow(): assert calc.slow() == 2
        def test_slow_again(): assert calc.slow() == 2
        def test_other(): assert calc.other() == 3
    """})
    project.commit()
    smart(project)
    project.change("calc.py", "return 1", "return 4")
    assert set(ran(smart(project, expect=1))) == {"test_first", "test_second"}
    project.git("checkout", "-q", "calc.py")
    project.pytest("--smart", expect=None)             # the failures of the last run are gone
    project.change("calc.py", "return 2", "return 5")
    assert set(ran(smart(project, expect=1))) == {"test_slow", "test_slow_again"}


@pytest.mark.parametrize("old, new, file", [("X = 1", "X = 2", "pkg/deep/leaf.py"), ("'a'", "'b'", "tests/conftest.py")])
def test_relative_imports_packages_and_conftest_files_are_followed(project, old, new, file):
    project.write({"pkg/__init__.py": "from . import deep\n", "pkg/deep/__init__.py": "from .leaf import X\n", "pkg/deep/leaf.py": "X = 1\n",
                   "tests/conftest.py": "import pytest\n@pytest.fixture\ndef name(): return 'a'\n", "tests/test_a.py": """
        import pkg
        def test_it(name): assert (name, pkg.deep.X) == ("a", 1)
    """})
    project.commit()
    smart(project)
    project.change(file, old, new)
    assert ran(smart(project, expect=1)) == ["test_it"]


def test_data_files_run_the_tests_that_opened_them(project):
    project.write({"data/a.txt": "a", "data/b.txt": "b", "test_a.py": """
        def test_a(): assert open("data/a.txt").read() == "a"
        def test_b(): assert open("data/b.txt").read() == "b"
        def test_c(): pass
    """})
    project.commit()
    smart(project)
    project.write({"data/a.txt": "changed"})
    assert ran(smart(project, expect=1)) == ["test_a"]


def test_a_moved_module_runs_its_tests(learnt):
    learnt.git("mv", "calc.py", "computing.py")
    assert set(ran(smart(learnt, expect=2))) == set(), "the file of the tests cannot be collected, and pytest says so"


def test_what_is_staged_is_compared_alone(learnt):
    learnt.change("calc.py", "a + b", "b + a")
    learnt.git("add", "calc.py")
    learnt.change("calc.py", "a * b", "b * a")
    assert ran(smart(learnt, "--smart-staged")) == ["test_add"]
    assert set(ran(smart(learnt, "--smart-working-tree"))) == {"test_add", "test_mul"}


def test_a_commit_may_be_named_to_compare_with(learnt):
    learnt.change("calc.py", "a + b", "b + a")
    learnt.commit()
    assert ran(smart(learnt, "--smart-since", "HEAD~1", "--smart-no-collect")) == ["test_add"]
    output = smart(learnt, "--smart-since", "no-such-name")
    assert "git rev-parse" in output and len(ran(output)) == 2, "it falls back, and says so"


def test_all_run_with_the_affected_first(learnt):
    learnt.change("calc.py", "a * b", "b * a")
    output = smart(learnt, "--smart-first")
    assert ran(output) == ["test_mul", "test_add"] and "1 of 2 tests can be affected, 1 run last" in output


def test_a_run_that_shall_not_collect_leaves_no_trace(project):
    project.write(FILES)
    project.commit()
    smart(project, "--smart", "--smart-no-collect")
    assert "NO_INDEX" in smart(project)


def test_part_of_the_suite_does_not_erase_the_rest(learnt):
    learnt.change("calc.py", "a + b", "b + a")
    learnt.commit()
    output = smart(learnt, "--smart", "-k", "add")
    assert ran(output) == ["test_add"] and "learnt 1 tests" in output
    assert ran(smart(learnt, expect=None)) == []


def test_evidence_of_files_that_are_no_commits_is_not_kept(learnt):
    learnt.change("calc.py", "a + b", "b + a")
    assert "the files are no commit's" in smart(learnt)


MARKS = {"function": "@pytest.mark.testselect_always\ndef test_it(): pass\n",
         "class": "@pytest.mark.testselect_always\nclass TestIt:\n    def test_it(self): pass\n",
         "datadog": "@pytest.mark.skipif(False, reason='datadog_itr_unskippable')\ndef test_it(): pass\n",
         "datadog module": "pytestmark = pytest.mark.skipif(False, reason='datadog_itr_unskippable')\ndef test_it(): pass\n"}


@pytest.mark.parametrize("mark", MARKS)
def test_marked_tests_run_whatever_changed(project, mark):
    project.write({"test_a.py": "import pytest\n" + MARKS[mark], "test_b.py": "def test_other(): pass\n"})
    project.commit()
    smart(project)
    output = smart(project)
    assert [name.split("::")[-1] for name in ran(output)] == ["test_it"] and "it is marked to run always" in output


def test_workers_run_what_was_chosen(learnt):
    pytest.importorskip("xdist")
    learnt.change("calc.py", "a + b", "b + a")
    output = learnt.pytest("-v", "--smart-parallel-workers", "2")
    assert "PASSED test_calc.py::test_add" in output and "test_mul" not in output
    assert "1 of 2 tests can be affected, 1 not run" in output


def test_coverage_may_record_lines(project):
    pytest.importorskip("coverage")
    project.write(FILES)
    project.commit()
    assert "learnt 2 tests" in smart(project, "--smart-coverage")
    project.change("calc.py", "a + b", "b + a")
    assert ran(smart(project, "--smart-coverage")) == ["test_add"]


def test_without_git_hashes_of_files_choose(project):
    project.write({**FILES, "test_other.py": "def test_other(): pass\n", "data.txt": "x",
                   "test_data.py": "def test_data(): open('data.txt').close()\n"})
    shutil.rmtree(project.top / ".git")
    first = smart(project)
    assert "is no git repository" in first and "no run was recorded here yet" in first and len(ran(first)) == 4
    assert ran(smart(project, expect=None)) == []
    project.change("calc.py", "a + b", "b + a")
    output = smart(project)
    assert set(ran(output)) == {"test_add", "test_mul"} and "calc.py changed" in output and "file hashes" in output
    project.write({"data.txt": "y"})
    assert ran(smart(project)) == ["test_data"]
    project.write({"new.py": ""})
    assert len(ran(smart(project))) == 4


def test_without_the_program_the_whole_suite_runs_and_says_why(project):
    project.write(FILES)
    project.commit()
    output = smart(project, environment={"TESTSELECT": "/no/such/program"})
    assert len(ran(output)) == 2 and "there is no program" in output


@pytest.fixture
def server(learnt, tmp_path):
    """A server over a copy of the project, which knows what was learnt."""
    origin = tmp_path / "origin.git"
    learnt.git("clone", "-q", "--bare", ".", str(origin))
    learnt.record()
    process = subprocess.Popen([str(pathlib.Path(os.environ["TESTSELECT"]).parent / "testselectd"), "--listen=127.0.0.1:0",
                                "--metrics-listen=", f"--data-dir={tmp_path / 'data'}", f"--repository=team={origin}"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    address = re.search(r"grpc=(\S+)", process.stdout.readline()).group(1)
    learnt.upload("--server", address, "--repo", "team", "--environment", learnt.digest())
    shutil.rmtree(learnt.top / ".testselect")
    yield {"TESTSELECT_SERVER": address, "TESTSELECT_REPOSITORY": "team"}
    process.terminate()
    assert process.wait() == 0


def test_the_teams_index_answers_for_files_that_were_not_pushed(learnt, server):
    learnt.change("calc.py", "a + b", "b + a")
    output = smart(learnt, environment=server)
    assert ran(output) == ["test_add"] and "COVERED_CHANGE calc.py" in output
    learnt.commit()
    assert "is fed by CI" in smart(learnt, environment=server)
    assert "testselect_repository does not say" in smart(learnt, environment={**server, "TESTSELECT_REPOSITORY": ""})


def test_another_environment_runs_everything(learnt, tmp_path):
    package = tmp_path / "site" / "thing-2.0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: thing\nVersion: 2.0\n")
    output = smart(learnt, environment={"PYTHONPATH": str(tmp_path / "site")})
    assert len(ran(output)) == 2


def test_labels_of_a_file_run_in_its_order_and_missing_ones_are_named(learnt, tmp_path):
    labels = learnt.top / "labels"
    labels.write_text("test_calc.py::test_mul\ntest_calc.py::test_add\n")
    assert ran(learnt.pytest("-v", "--testselect-labels", "labels")) == ["test_mul", "test_add"]
    labels.write_text("test_calc.py::test_mul\ntest_calc.py::test_gone\n")
    output = learnt.pytest("--testselect-labels=labels", expect=4)
    assert "1 of 2 labels were not collected: test_calc.py::test_gone" in output
    elsewhere = tmp_path / "labels"
    elsewhere.write_text("test_calc.py::test_mul\n")
    assert ran(learnt.pytest("-v", f"--testselect-labels={elsewhere}")) == ["test_mul"]


def test_thirty_thousand_labels_are_read_from_a_file(project):
    project.write({"test_a.py": "import pytest\n@pytest.mark.parametrize('n', [f'[{n}] \\'::\\\" ä' for n in range(30_000)])\n"
                                "def test_it(n): pass\n"})
    collected = [line for line in project.pytest("--collect-only", "-q").splitlines() if "::" in line]
    assert len(collected) == 30_000
    (project.top / "labels").write_text("".join(line + "\n" for line in collected[::3]))
    assert "10000 passed, 20000 deselected" in project.pytest("-q", "--testselect-labels=labels")
