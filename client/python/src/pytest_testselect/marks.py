"""Tests that run whatever changed.

PYTEST_DONT_REWRITE
"""
UNSKIPPABLE = "datadog_itr_unskippable"


def always_runs(item):
    """Marked `testselect_always`, or as Datadog's: `skipif(False, reason="datadog_itr_unskippable")`; the test, its class or
    its module."""
    if item.get_closest_marker("testselect_always") is not None:
        return True
    return any(mark.kwargs.get("reason") == UNSKIPPABLE for mark in item.iter_markers("skipif"))
