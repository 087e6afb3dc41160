"""The pytest plugin: options, marks, and which of its parts a run needs."""
import os
import sys

import pytest

_ARGUMENTS = pytest.StashKey()     # the early configuration's namespace
_RECORDING = pytest.StashKey()


def pytest_addoption(parser):
    group = parser.getgroup("testselect", "selection of tests by what a change can affect")
    group.addoption("--testselect-record", metavar="FILE", help="Record what each test needs, and write it to FILE: evidence for "
                    "`testselect upload`.")
    group.addoption("--record-shuffle", metavar="SEED", default=None, help="Run files, classes and tests in an order that SEED decides.")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    """Recording begins before the first conftest.py is imported."""
    if not early_config.known_args_namespace.testselect_record:
        return
    from .starting import start_recording
    early_config.stash[_RECORDING] = start_recording(early_config)


def pytest_configure(config):
    config.addinivalue_line("markers", "testselect_always: runs whatever changed")
    recording = config.stash.get(_RECORDING, None)
    if recording is not None:
        from .starting import register
        register(config, recording)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    seed = config.getoption("record_shuffle")
    if seed is not None:
        from .recording import shuffle
        shuffle(items, seed)
