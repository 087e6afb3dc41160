"""The pytest plugin: options, marks, and which of its parts a run needs.

PYTEST_DONT_REWRITE
"""
import contextlib
import warnings

import pytest

_RECORDING = pytest.StashKey()
_LABELS = pytest.StashKey()


def pytest_addoption(parser):
    group = parser.getgroup("testselect", "running what a change can affect, and recording what each test needs")
    flag, word = group.addoption, "store_true"
    flag("--smart", action=word, help="Run failed tests and those that a change can affect, and learn from the run.")
    flag("--smart-first", action=word, help="Run all tests, those first that a change can affect.")
    flag("--smart-since", metavar="REF", help="As --smart, for what changed since a commit.")
    flag("--smart-staged", action=word, help="As --smart, for what is staged.")
    flag("--smart-working-tree", action=word, help="As --smart, for the files as they are; this is what --smart compares, too.")
    flag("--smart-parallel", action=word, help="With --smart: run by pytest-xdist, one worker a core.")
    flag("--smart-parallel-workers", metavar="N", help="With --smart: run by so many workers of pytest-xdist.")
    flag("--smart-coverage", action=word, help="With --smart: record lines by coverage.py instead of functions.")
    flag("--smart-no-collect", action=word, help="As --smart, and learn nothing from this run.")
    flag("--testselect-record", metavar="FILE", help="Record what each test needs, and write it to FILE: evidence for "
         "`testselect upload`.")
    flag("--testselect-labels", metavar="FILE", help="Run the tests that FILE names, one a line, in its order, and no others.")
    flag("--record-isolated", action=word, help="With --testselect-record: run each test in a forked child of its own, so that "
         "nothing is shared; `testselect upload --isolation process`.")
    flag("--record-shuffle", metavar="SEED", help="Run files, classes and tests in an order that SEED decides.")
    parser.addini("testselect_binary", "The testselect command. Default: TESTSELECT of the environment, else `testselect`.")
    parser.addini("testselect_server", "HOST:PORT of a server whose index --smart asks. Default: TESTSELECT_SERVER of the environment, "
                  "else the repository's own index.")
    parser.addini("testselect_repository", "What that server calls this repository. Default: TESTSELECT_REPOSITORY of the environment.")


def _is_smart(option):
    return any(getattr(option, name, None) for name in ("smart", "smart_first", "smart_since", "smart_staged", "smart_working_tree",
                                                        "smart_parallel", "smart_parallel_workers", "smart_coverage",
                                                        "smart_no_collect"))


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config, args):
    """Recording begins before the first conftest.py is imported."""
    option = early_config.known_args_namespace
    if option.smart_parallel or option.smart_parallel_workers:
        if not early_config.pluginmanager.has_plugin("xdist"):
            warnings.warn(pytest.PytestWarning("testselect: --smart-parallel: there is no pytest-xdist; tests run one after the other"),
                          stacklevel=1)
        elif getattr(option, "numprocesses", None) is None:
            args[:] = ["-n", option.smart_parallel_workers or "auto", *args]
    if option.testselect_record or (_is_smart(option) and not option.smart_no_collect):
        from .starting import start_recording
        early_config.stash[_RECORDING] = start_recording(early_config, option)


def pytest_configure(config):
    config.addinivalue_line("markers", "testselect_always: runs whatever changed")
    labels = config.getoption("testselect_labels")
    if labels:
        from . import labels_file
        labels_file.check_argument(config, "--testselect-labels")
        config.stash[_LABELS] = labels_file.read(labels)
    recording = config.stash.get(_RECORDING, None)
    path = config.getoption("testselect_record")
    if path:
        from .labels_file import check_argument
        check_argument(config, "--testselect-record")
    with recording.paused() if recording is not None else contextlib.nullcontext():
        smart = _register_smart(config) if _is_smart(config.option) else None
    if recording is not None:
        from . import smart as smart_module, starting
        then = _nothing
        if smart is not None and not starting.is_worker(config) and not config.getoption("smart_no_collect"):
            kept, path = path, path or smart_module.evidence_path()
            with recording.paused():
                learning = smart_module.Learning(config, smart, path, bool(kept))
            config.pluginmanager.register(learning, "testselect-learning")
            then = learning.learn
        starting.register(config, recording, path or "", then)


def _nothing(exitstatus):
    """What follows a recording that is nobody's but the user's."""


def _register_smart(config):
    from .smart import Smart
    smart = Smart(config)
    config.pluginmanager.register(smart, "testselect-smart")
    return smart


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    seed = config.getoption("record_shuffle")
    if seed is not None:
        from .recording import shuffle
        shuffle(items, seed)
    labels = config.stash.get(_LABELS, None)
    if labels is not None:
        from .labels_file import keep
        keep(config, items, labels)
