"""Loaded into pytest by `testselect run pytest`: lists node ids, runs some of them, logs outcomes.

All files are named by environment variables. Lists of node ids end each with a NUL byte, because a
node id may hold anything else. Nothing here imports more than pytest and the standard library.
"""

import hashlib
import importlib.util
import json
import os
import sys
import sysconfig

import pytest

try:
    from importlib import metadata
except ImportError:  # Python 3.7
    metadata = None

FACTS = os.environ.get("TESTSELECT_RUN_FACTS")  # to write: what this pytest is and has
COLLECTED = os.environ.get("TESTSELECT_RUN_COLLECTED")  # to write: the node ids of a collection
LABELS = os.environ.get("TESTSELECT_RUN_LABELS")  # to read: the only node ids to run
SKIP_FILES = os.environ.get("TESTSELECT_RUN_SKIP_FILES")  # leave out files that no node id names
REPORT = os.environ.get("TESTSELECT_RUN_REPORT")  # to write: a report log
STOPPED = os.environ.get("TESTSELECT_RUN_STOPPED")  # to write: why not everything ran


def encoded(node_id):
    """A node id as bytes; a name of a file that is not UTF-8 holds surrogates."""
    return node_id.encode("utf-8", "surrogateescape")


def read_labels(path):
    with open(path, "rb") as file:
        ids = file.read().split(b"\0")
    return {node_id.decode("utf-8", "surrogateescape"): rank for rank, node_id in enumerate(ids[:-1])}


class Listing:
    """Writes the node ids of a collection, and what the runner has to know of this pytest."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session):
        with open(COLLECTED, "wb") as file:
            for item in session.items:
                file.write(encoded(item.nodeid) + b"\0")


def environment():
    """What pytest_testselect.environment.digest() says; that package need not be there."""
    found = set()
    for each in metadata.distributions():
        if '"editable": true' not in (each.read_text("direct_url.json") or ""):
            found.add(f"{(each.metadata['Name'] or '?').lower().replace('_', '-')}=={each.version}")
    python = f"python=={sys.version.split()[0]} {sys.implementation.name} {sysconfig.get_platform()}"
    return "python-packages:" + hashlib.sha256("\n".join([python, *sorted(found)]).encode()).hexdigest()[:32]


def write_facts(config):
    has = config.pluginmanager.hasplugin
    recorder = sys.version_info >= (3, 12) and importlib.util.find_spec("pytest_testselect")
    facts = {
        "pytest": pytest.__version__.split(".")[0],
        "recorder": int(bool(recorder)),
        "cov": int(has("pytest_cov")),
    }
    with open(FACTS, "w", encoding="utf-8") as file:
        file.writelines(f"{name} {value}\n" for name, value in facts.items())
        if metadata is not None:
            file.write(f"environment {environment()}\n")


class Filter:
    """Leaves the node ids of a file; files of tests come in the order of their first one there."""

    def __init__(self, labels):
        self.labels = labels
        self.files = {node_id.partition("::")[0] for node_id in labels} if SKIP_FILES else None

    def pytest_ignore_collect(self, collection_path, config):
        """Files that are neither named nor conftest.py or __init__.py need not be imported."""
        name = collection_path.name
        if self.files is None or not name.endswith(".py") or name in ("conftest.py", "__init__.py"):
            return None
        try:
            path = collection_path.relative_to(config.rootpath).as_posix()
        except ValueError:
            return None
        return None if path in self.files or collection_path.is_dir() else True

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config, items):
        kept, gone, first_of = [], [], {}
        for item in items:
            rank = self.labels.get(item.nodeid)
            if rank is None:
                gone.append(item)
                continue
            kept.append(item)
            file = item.nodeid.partition("::")[0]
            first_of[file] = min(rank, first_of.get(file, rank))
        kept.sort(key=lambda item: first_of[item.nodeid.partition("::")[0]])
        items[:] = kept
        if gone:
            config.hook.pytest_deselected(items=gone)


class ReportLog:
    """What pytest-reportlog would write, without captured output."""

    def __init__(self, path, labels):
        self.file = open(path, "w", encoding="utf-8", errors="backslashreplace")
        self.labels = labels

    def name_of(self, node_id):
        # xdist's loadgroup adds a group to the node ids that it reports.
        if self.labels and node_id not in self.labels and "@" in node_id:
            bare = node_id.rpartition("@")[0]
            if bare in self.labels:
                return bare
        return node_id

    def write(self, members):
        self.file.write(json.dumps(members) + "\n")
        self.file.flush()

    def pytest_runtest_logreport(self, report):
        members = {
            "$report_type": type(report).__name__,
            "nodeid": self.name_of(report.nodeid),
            "when": report.when,
            "outcome": report.outcome,
            "duration": max(0.0, report.duration),
        }
        if hasattr(report, "wasxfail"):
            members["wasxfail"] = ""
        self.write(members)

    def pytest_collectreport(self, report):
        if report.failed:
            self.write({"$report_type": "CollectReport", "nodeid": report.nodeid, "outcome": "failed"})

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session):
        for who in (session, session.config.pluginmanager.getplugin("dsession")):
            stopped = getattr(who, "shouldfail", False) or getattr(who, "shouldstop", False)
            if stopped:
                with open(STOPPED, "w", encoding="utf-8") as file:
                    file.write(str(stopped))

    def pytest_unconfigure(self):
        self.file.close()


def pytest_configure(config):
    if FACTS:
        write_facts(config)
    if COLLECTED:
        config.pluginmanager.register(Listing(), "testselect-run-listing")
    labels = read_labels(LABELS) if LABELS else {}
    if LABELS:
        config.pluginmanager.register(Filter(labels), "testselect-run-filter")
    if REPORT and not hasattr(config, "workerinput"):
        config.pluginmanager.register(ReportLog(REPORT, labels), "testselect-run-report")
