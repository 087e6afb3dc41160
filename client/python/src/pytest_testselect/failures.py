"""What earlier runs here left behind: which tests failed last, for trees that no commit has, since evidence of those is not uploaded;
how long each took; and how often a commit's evidence was uploaded.

PYTEST_DONT_REWRITE
"""
from .repository import read_state, write_state

_FAILED, _SECONDS, _ATTEMPTS = "pytest-failed.json", "pytest-seconds.json", "pytest-attempts.json"
_MOST_COMMITS = 64


def read(top):
    """Labels that failed last."""
    try:
        return set(read_state(top, _FAILED)["failed"])
    except (ValueError, KeyError, TypeError):
        return set()


def seconds(top):
    """{label: how long it took when it last ran}."""
    try:
        return {str(label): float(took) for label, took in read_state(top, _SECONDS).items()}
    except (ValueError, AttributeError, TypeError):
        return {}


def update(top, outcomes):
    """Takes over {label: [word, seconds]} of a run. Raises OSError."""
    failed, took = read(top), seconds(top)
    for label, (word, lasted, *_) in outcomes.items():
        if word in ("failed", "error"):
            failed.add(label)
        elif word:
            failed.discard(label)
        if word:
            took[label] = round(lasted, 4)
    write_state(top, _FAILED, {"failed": sorted(failed)})
    write_state(top, _SECONDS, took)


def next_attempt(top, commit):
    """Counts the uploads of a commit, from 1: of two, only a later attempt's outcomes supersede. Raises OSError."""
    try:
        counts = {str(name): int(count) for name, count in read_state(top, _ATTEMPTS).items()}
    except (ValueError, AttributeError, TypeError):
        counts = {}
    attempt = counts.pop(commit, 0) + 1
    kept = list(counts.items())[-(_MOST_COMMITS - 1):]
    write_state(top, _ATTEMPTS, dict([*kept, (commit, attempt)]))
    return attempt
