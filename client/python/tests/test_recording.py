"""What the recorder sees of small real projects."""
import sys

import pytest

from conftest import monitoring

pytestmark = monitoring

LIB = """
    import functools

    def double(x):
        return 2 * x

    def unused():
        return 0

    class Box:
        size = 3
        def get(self):
            return double(self.size)

    @functools.lru_cache
    def cached():
        return double(1)
"""


def test_each_test_has_the_functions_that_it_entered_even_if_another_test_entered_them_before(project):
    project.write({"lib.py": LIB, "test_a.py": """
        import lib
        def test_one(): assert lib.double(1) == 2
        def test_two(): assert lib.Box().get() == 6
        def test_three(): assert lib.double(2) == 4
    """})
    found = project.record()
    assert found.entered("test_one") == found.entered("test_three") == {"double"}
    assert found.entered("test_two") == {"double", "get"}
    assert found.entered("test_two", "test_a.py") == {"test_two"}


def test_bodies_of_modules_and_classes_are_lines_and_cover_no_function(project):
    project.write({"lib.py": LIB, "test_a.py": "import lib\ndef test_one(): pass\n"})
    found = project.record()
    lines = {n for first, last in found.evidence.outside.lines["lib.py"] for n in range(first, last + 1)}
    assert {1, 3, 6, 9, 10, 11, 14} <= lines and not {4, 7, 12, 16} & lines
    assert found.at_import() == set()


def test_a_function_is_watched_again_after_it_was_called_very_often(project):
    project.write({"lib.py": LIB, "test_a.py": """
        import lib
        def test_one():
            for n in range(20_000): lib.double(n)
        def test_two(): lib.Box().get()
        def test_three(): lib.double(1)
    """})
    found = project.record()
    assert found.entered("test_one") == found.entered("test_three") == {"double"}
    assert found.entered("test_two") == {"double", "get"}


@pytest.mark.parametrize("taken", [(), (3,), (5,)])
def test_what_is_called_very_often_counts_for_the_tests_that_call_it_and_for_no_other(project, taken):
    project.write({"lib.py": LIB + """
    def numbers():
        for n in range(300):
            yield n
    """, "taker.py": f"import sys\nfor n in {taken}: sys.monitoring.use_tool_id(n, 'taker')\n", "test_a.py": """
        import lib, threading
        def many():
            for n in lib.numbers(): lib.double(n)
        def test_many(): many()
        def test_none(): pass
        def test_many_again(): many()
        def test_one_generator():
            global numbers
            numbers = lib.numbers()
            next(numbers)
        def test_generator_that_goes_on(): next(numbers)
        def test_once(): lib.double(1)
        def test_none_again(): pass
        def test_thread():
            thread = threading.Thread(target=many)
            thread.start()
            thread.join()
        def test_unused(): lib.unused()
        def test_millions():
            for n in range(30_000): lib.double(n)
        def test_last(): many()
    """})
    found = project.record("-p", "taker", environment={"PYTHONPATH": str(project.top)})
    for test in ("test_many", "test_many_again", "test_thread", "test_last"):
        assert found.entered(test) == {"double", "numbers"}, test
    assert found.entered("test_none") == found.entered("test_none_again") == set()
    assert found.entered("test_one_generator") == found.entered("test_generator_that_goes_on") == {"numbers"}
    assert found.entered("test_once") == found.entered("test_millions") == {"double"}
    assert found.entered("test_unused") == {"unused"}


def test_modules_and_functions_of_equal_code_are_told_apart(project):
    project.write({"p/__init__.py": "", "p/a.py": "def f():\n    return 1\n", "p/b.py": "def f():\n    return 1\n", "test_a.py": """
        from p import a, b
        def test_both(): a.f(); b.f()
        def test_first(): a.f()
        def test_late():
            import p.c, p.d
    """, "p/c.py": "X = 1\n", "p/d.py": "X = 1\n"})
    found = project.record()
    assert found.entered("test_both", "p/a.py") == found.entered("test_both", "p/b.py") == {"f"}
    assert found.entered("test_first", "p/b.py") == set()
    assert found.tests["test_late"].imported == {"p/c.py", "p/d.py"}


def test_what_a_shared_fixture_does_is_kept_apart_with_all_who_used_it(project):
    project.write({"lib.py": LIB, "conftest.py": """
        import pytest, lib
        @pytest.fixture(scope="session")
        def base():
            lib.double(1)
            yield 1
            lib.unused()
        @pytest.fixture(scope="module")
        def top(base):
            return lib.Box()
        @pytest.fixture
        def small(top):
            return top.get()
        @pytest.fixture(scope="module")
        def dynamic(request):
            return request.getfixturevalue("base")
    """, "test_a.py": """
        import lib
        def test_one(top): pass
        def test_two(top): lib.double(2)
        def test_three(small): pass
        def test_four(): pass
        def test_five(dynamic): pass
        def test_six(request): request.getfixturevalue("top")
    """, "test_b.py": "def test_seven(base): pass\n"})
    found = project.record()
    assert found.names(found.fixture("base"), "lib.py") == {"double", "unused"}
    assert found.names(found.fixture("top"), "lib.py") == set()
    assert found.entered("test_one") == found.entered("test_four") == set()
    assert found.entered("test_two") == {"double"}
    assert found.entered("test_three") == {"double", "get"}
    assert found.users("top") == {"test_one", "test_two", "test_three", "test_six"}
    assert found.users("base") == {"test_one", "test_two", "test_three", "test_five", "test_six", "test_seven"}


def test_set_up_functions_of_modules_and_classes_are_shared_fixtures(project):
    project.write({"lib.py": LIB, "test_a.py": """
        import unittest, lib
        def setup_module(): lib.double(1)
        def teardown_module(): lib.unused()
        class TestPlain:
            @classmethod
            def setup_class(cls): lib.Box().get()
            def test_plain(self): pass
        class TestUnit(unittest.TestCase):
            @classmethod
            def setUpClass(cls): lib.cached()
            def setUp(self): lib.unused()
            def test_unit(self): pass
        def test_alone(): pass
    """})
    found = project.record()
    assert found.names(found.fixture("setup_module"), "lib.py") == {"double", "unused"}
    assert found.users("setup_module") == {"TestPlain::test_plain", "TestUnit::test_unit", "test_alone"}
    assert found.names(found.fixture("setup_class"), "lib.py") == {"double", "get"}
    assert found.users("setup_class") == {"TestPlain::test_plain"}
    assert found.users("setUpClass") == {"TestUnit::test_unit"}
    assert found.entered("TestUnit::test_unit") == {"unused"}


def test_a_fixture_that_overrides_another_of_its_name_uses_it(project):
    project.write({"conftest.py": """
        import pytest
        @pytest.fixture(scope="session")
        def thing(): return 1
    """, "test_a.py": """
        import pytest
        @pytest.fixture
        def thing(thing): return thing + 1
        def test_one(thing): assert thing == 2
        def test_two(thing): assert thing == 2
        def test_three(): pass
    """})
    assert project.record().users("thing") == {"test_one", "test_two"}


def test_each_making_of_a_parametrised_fixture_has_its_own_users(project):
    project.write({"lib.py": LIB, "test_a.py": """
        import pytest, lib
        @pytest.fixture(scope="module", params=["double", "unused"])
        def made(request):
            return lib.double(1) if request.param == "double" else lib.unused()
        def test_one(made): pass
        def test_two(made): pass
    """})
    found = project.record()
    by = {label: {frozenset(found.names(found.evidence.fixtures[n], "lib.py")) for n in test.fixtures}
          for label, test in found.tests.items()}
    assert by["test_one[double]"] == by["test_two[double]"] == {frozenset(["double"])}
    assert by["test_one[unused]"] == by["test_two[unused]"] == {frozenset(["unused"])}


def test_an_import_inside_of_a_test_counts_for_everybody_who_asks_for_it_later(project):
    project.write({"lib.py": """
        import importlib
        def load(name):
            return importlib.import_module(name)
        def made(f): return f
    """, "late.py": "import lib\nimport later\n@lib.made\ndef f(): pass\n", "later.py": "X = 1\n", "test_a.py": """
        import lib
        def test_one(): lib.load("late")
        def test_two(): lib.load("late")
        def test_three(): pass
    """})
    found = project.record()
    assert found.tests["test_one"].imported == found.tests["test_two"].imported == {"late.py", "later.py"}
    assert found.tests["test_three"].imported == set()
    assert "made" in found.at_import(), "what runs during an import lasts for later tests"
    assert found.entered("test_one") == {"load", "made"}
    assert "late.py" in found.tests["test_one"].lines and "late.py" not in found.tests["test_two"].lines


def test_an_import_that_fails_ends_with_its_test(project):
    project.write({"lib.py": LIB, "broken.py": "import lib\nlib.double(1)\nraise ValueError\n", "test_a.py": """
        import lib, pytest
        def test_one():
            with pytest.raises(ValueError):
                import broken
        def test_two(): lib.Box().get()
    """})
    found = project.record()
    assert found.entered("test_one") == {"double"} and found.entered("test_two") == {"double", "get"}
    assert "get" not in found.at_import()


def test_files_opened_are_seen_and_files_that_are_loaded_or_written_are_not(project):
    project.write({"data/a.json": "{}", "shared.txt": "x", "late.py": "", "test_a.py": """
        import pathlib, sqlite3
        HERE = pathlib.Path(__file__).parent
        AT_IMPORT = (HERE / "shared.txt").read_text()
        def test_reads(): open("data/a.json").close()
        def test_reads_relative(monkeypatch):
            monkeypatch.chdir("data")
            assert pathlib.Path("a.json").read_bytes()
        def test_writes(): (HERE / "out.txt").write_text("x")
        def test_loads(): import late
        def test_lists(): assert list(HERE.iterdir())
        def test_missing():
            try: open("not-there")
            except OSError: pass
    """})
    tests = project.record().tests
    shared = {"shared.txt"}       # opened outside of tests: nobody knows who needs it
    assert tests["test_reads"].opened == tests["test_reads_relative"].opened == {"data/a.json"} | shared
    for name in ("test_writes", "test_loads", "test_lists", "test_missing"):
        assert tests[name].opened == shared, name


def test_processes_and_other_services_make_a_test_opaque(project):
    project.write({"conftest.py": """
        import pytest, subprocess, sys
        @pytest.fixture(scope="session")
        def server(): subprocess.check_call([sys.executable, "-c", ""])
    """, "test_a.py": """
        import http.server, multiprocessing, os, socket, subprocess, sys, threading, urllib.request
        def test_popen(): subprocess.check_call([sys.executable, "-c", ""])
        def test_system(): os.system("true")
        def test_fork():
            child = os.fork()
            if not child: os._exit(0)
            os.waitpid(child, 0)
        def test_spawn():
            child = multiprocessing.get_context("spawn").Process(target=print)
            child.start(); child.join()
        def test_fixture(server): pass
        def test_fixture_again(server): pass
        def test_nothing(): pass
        def test_own_server():
            with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
                thread = threading.Thread(target=server.handle_request); thread.start()
                try: urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/")
                except OSError: pass
                thread.join()
        def test_other_server():
            child = subprocess.Popen
            listener = socket.create_server(("127.0.0.1", 0)); port = listener.getsockname()[1]; listener.close()
            try: socket.create_connection(("127.0.0.1", port))
            except OSError: pass
        def test_platform():
            import platform; platform.processor()
    """})
    found = project.record()
    opaque = {label for label, test in found.tests.items() if test.opaque}
    assert opaque == {"test_popen", "test_system", "test_fork", "test_spawn", "test_other_server"}
    assert found.fixture("server").opaque and found.users("server") == {"test_fixture", "test_fixture_again"}


def test_threads_generators_coroutines_callbacks_and_generated_code_count_for_the_test_that_runs(project):
    project.write({"lib.py": """
        import threading
        def numbers():
            yield one()
            yield two()
        def one(): return 1
        def two(): return 2
        def key(x): return -x
        async def wait(): return one()
        def worker(go, done):
            go.wait()
            two()
            done.set()
    """, "test_a.py": """
        import asyncio, threading
        import lib
        RUNNING = lib.numbers()
        GO, DONE = threading.Event(), threading.Event()
        def test_starts():
            next(RUNNING)
            threading.Thread(target=lib.worker, args=(GO, DONE), daemon=True).start()
        def test_goes_on(): next(RUNNING)
        def test_called_from_c(): sorted([1, 2], key=lib.key)
        def test_coroutine(): asyncio.run(lib.wait())
        def test_generator_expression(): assert list(lib.one() for _ in range(2))
        def test_generated():
            names = {}
            exec(compile("def made():\\n    return 3\\n", lib.__file__.replace("lib.py", "made.py"), "exec"), names)
            names["made"]()
        def test_thread_goes_on():
            GO.set()
            DONE.wait()
    """, "made.py": "def made():\n    return 3\n"})
    found = project.record()
    assert found.entered("test_starts") == {"numbers", "one", "worker"}
    assert found.entered("test_goes_on") >= {"numbers", "two"}
    assert found.entered("test_called_from_c") >= {"key"}
    assert found.entered("test_coroutine") >= {"wait", "one"}
    assert found.entered("test_generated", "made.py") == {"made"}
    assert found.entered("test_thread_goes_on") == {"worker", "two"}, "it is in a function that it entered before"


def test_a_function_of_nothing_but_a_docstring_reaches_over_it(project):
    project.write({"lib.py": '''
        def empty():
            """Nothing
            yet."""
        f = lambda: 1
        def short(): pass
    ''', "test_a.py": "import lib\ndef test_one(): lib.empty(); lib.short(); lib.f()\n"})
    found = project.record()
    assert found.tests["test_one"].functions["lib.py"] == {(1, 3), (4, 4), (5, 5)}


def test_a_test_that_passes_only_when_it_is_tried_again_is_flaky(project):
    project.write({"test_a.py": """
        import pytest
        tries = []
        @pytest.fixture
        def shaky():
            tries.append("set-up")
            assert tries.count("set-up") > 1
        def test_passes_then():
            tries.append("call")
            assert tries.count("call") > 1
        def test_is_set_up_then(shaky): pass
        def test_steady(): pass
        def test_fails(): assert False
    """})
    head = project.commit()
    for option in ((), ("-n", "2", "--dist", "loadfile")):
        found = project.record("--reruns", "2", *option, expect=1)
        assert found.outcomes() == {"test_passes_then": "passed", "test_is_set_up_then": "passed", "test_steady": "passed",
                                    "test_fails": "failed"}
        flaky = {label for label, test in found.tests.items() if test.flaky}
        assert flaky == {"test_passes_then", "test_is_set_up_then"}
    project.upload()
    for label in found.tests:
        said = project.testselect("index", "show", head, "--json", "--label", f"test_a.py::{label}")
        assert said["history"][0]["flaky"] == (label in flaky), said


def test_every_outcome_is_told_and_failures_to_set_up_are_errors(project):
    project.write({"test_a.py": """
        import pytest
        @pytest.fixture
        def broken(): raise ValueError
        @pytest.fixture
        def breaks_later():
            yield
            raise ValueError
        def test_passed(): pass
        def test_failed(): assert 0
        def test_error(broken): pass
        def test_late_error(breaks_later): pass
        @pytest.mark.skip
        def test_skipped(): pass
        @pytest.mark.xfail
        def test_xfailed(): assert 0
        @pytest.mark.xfail
        def test_xpassed(): pass
    """})
    found = project.record(expect=1)
    assert found.outcomes() == {f"test_{word}": word for word in ("passed", "failed", "error", "skipped", "xfailed", "xpassed")} | {
        "test_late_error": "error"}


AWKWARD = ["a b", "a\nb", "ä→\U0001F600", "x]y[", "a::b", "'\"`$(x)", "\\", "\0\x1b", "", "-k", "@f", "=", ";|&", "%s", "é\u0301",
           "a/b.py::c", " "]


def test_parameters_with_any_characters_are_one_label_each(project):
    project.write({"test_a.py": f"""
        import pytest
        @pytest.mark.parametrize("x", {AWKWARD!r})
        def test_it(x): pass
    """})
    found = project.record()
    assert len(found.tests) == len(AWKWARD)
    project.commit()
    project.upload()
    for label in found.evidence.tests:
        assert project.testselect("index", "show", project.git("rev-parse", "HEAD"), "--json", "--label", label)["outcome"] == "passed"


def test_code_outside_of_the_repository_is_not_recorded(project, tmp_path):
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "other.py").write_text("def f(g): return g()\n")
    project.write({"lib.py": LIB, "test_a.py": "import lib, other\ndef test_one(): other.f(lib.unused)\n"})
    found = project.record(environment={"PYTHONPATH": str(tmp_path / "foreign")})
    assert set(found.evidence.files) <= {"lib.py", "test_a.py"}
    assert found.entered("test_one") == {"unused"}


@pytest.mark.parametrize("body", ["sys.settrace(lambda *a: None); lib.double(1); sys.settrace(None)",
                                  "sys.monitoring.use_tool_id(2, 'mine'); sys.monitoring.restart_events(); lib.double(1); "
                                  "sys.monitoring.free_tool_id(2)"])
def test_tests_that_trace_themselves_are_recorded_all_the_same(project, body):
    project.write({"lib.py": LIB, "test_a.py": f"import lib, sys\ndef test_one():\n    {body}\ndef test_two(): lib.double(1)\n"})
    found = project.record()
    assert found.entered("test_one") == found.entered("test_two") == {"double"}


def test_taken_tools_are_said_and_coverage_records_instead(project):
    pytest.importorskip("coverage")
    project.write({"lib.py": LIB, "taker.py": "import sys\nfor n in (3, 4, 5): sys.monitoring.use_tool_id(n, 'taker')\n",
                   "test_a.py": "import lib\ndef test_one(): lib.double(1)\ndef test_two(): pass\n"})
    found = project.record("-p", "taker", environment={"PYTHONPATH": str(project.top)})
    assert "recording by coverage.py, since the monitoring tools of this process are taken" in project.output
    assert (4, 4) in found.tests["test_one"].lines["lib.py"] and "lib.py" not in found.tests["test_two"].lines


def test_asynchronous_tests_and_fixtures_are_recorded(project):
    pytest.importorskip("pytest_asyncio")
    project.write({"pytest.ini": "[pytest]\npythonpath = .\nasyncio_mode = auto\n", "lib.py": LIB, "test_a.py": """
        import asyncio, lib, pytest_asyncio
        @pytest_asyncio.fixture
        async def box():
            yield lib.Box()
            lib.unused()
        async def test_one(box):
            await asyncio.sleep(0)
            assert box.get() == 6
        async def test_two(): pass
    """})
    found = project.record()
    assert found.entered("test_one") == {"double", "get", "unused"} and found.entered("test_two") == set()


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_isolated_tests_do_not_profit_from_each_other(project):
    project.write({"lib.py": LIB, "test_a.py": """
        import lib, os
        def test_one(): lib.cached()
        def test_two(): lib.cached()
        def test_dies(): os._exit(3)
        def test_fails(): assert 0
    """})
    shared = project.record("--deselect", "test_a.py::test_dies", expect=1)
    assert shared.entered("test_two") == set()
    alone = project.record("--record-isolated", expect=1)
    assert alone.entered("test_one") == alone.entered("test_two") == {"cached", "double"}
    assert alone.outcomes() == {"test_one": "passed", "test_two": "passed", "test_dies": "failed", "test_fails": "failed"}
    assert not any(test.opaque for test in alone.tests.values())
    assert "the test ended its process (status 3)" in project.output


def test_workers_of_xdist_make_one_report(project):
    pytest.importorskip("xdist")
    project.write({"lib.py": LIB, "test_a.py": """
        import lib, os, pytest
        @pytest.mark.parametrize("n", range(12))
        def test_many(n): lib.double(n)
        def test_box(): lib.Box().get()
        def test_dies(): os._exit(3)
    """})
    found = project.record("-n", "2", expect=1)
    assert len(found.tests) == 14 and found.outcomes()["test_dies"] == "failed"
    project.change("test_a.py", "def test_dies(): os._exit(3)", "")
    found = project.record("-n", "2")
    assert all(found.entered(f"test_many[{n}]") == {"double"} for n in range(12))
    assert found.entered("test_box") == {"double", "get"}


def test_the_order_is_shuffled_by_a_seed(project):
    project.write({f"test_{letter}.py": "import pytest\n@pytest.mark.parametrize('n', range(5))\ndef test_it(n): pass\n" for letter in "abcd"})
    orders = [project.record("--record-shuffle", seed).evidence.order for seed in ("1", "1", "2")]
    assert orders[0] == orders[1] != orders[2] and sorted(orders[0]) == sorted(orders[2])


def test_a_run_that_was_cut_short_leaves_the_evidence_of_what_it_ran(project):
    project.write({"lib.py": LIB, "test_a.py": """
        import lib
        def test_one(): lib.double(1)
        def test_two(): raise KeyboardInterrupt
        def test_three(): pass
    """})
    found = project.record(expect=2)
    assert found.entered("test_one") == {"double"} and found.outcomes()["test_one"] == "passed"
    assert found.outcomes().get("test_two", "") == "" and "test_three" not in found.tests


def test_what_it_wrote_selects_through_the_real_program(project):
    project.write({"lib.py": LIB, "conftest.py": """
        import pytest, lib
        @pytest.fixture(scope="session")
        def boxed(): return lib.Box().get()
    """, "test_a.py": """
        import lib
        def test_double(): assert lib.double(1) == 2
        def test_unused(): assert lib.unused() == 0
        def test_first(boxed): pass
        def test_second(boxed): pass
        def test_nothing(): pass
    """})
    project.commit()
    project.record()
    said = project.testselect("inspect", "--json", project.evidence_file)
    assert (said["format"], said["labels"], said["outcomes"]) == ("testselect-evidence", 5, 5)
    project.upload()
    project.change("lib.py", "return double(self.size)", "return double(self.size) + 0")
    assert project.to_run() == {"test_first", "test_second"}
    project.git("checkout", "-q", "lib.py")
    project.change("lib.py", "return 0", "return 1")
    assert project.to_run() == {"test_unused"}
