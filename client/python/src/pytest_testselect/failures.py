"""Which tests failed when they last ran here, for trees that no commit has: evidence of those is not uploaded.

PYTEST_DONT_REWRITE
"""
import json
import os

from .repository import state_folder

_NAME = os.path.join(".testselect", "pytest-failed.json")


def read(top):
    try:
        with open(os.path.join(top, _NAME), encoding="utf-8") as file:
            return set(json.load(file)["failed"])
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def update(top, outcomes):
    """Takes over {label: [word, seconds]} of a run. Raises OSError."""
    state_folder(top)
    failed = read(top)
    for label, (word, *_) in outcomes.items():
        if word in ("failed", "error"):
            failed.add(label)
        elif word:
            failed.discard(label)
    part = os.path.join(top, _NAME + f".{os.getpid()}")
    with open(part, "w", encoding="utf-8") as file:
        json.dump({"failed": sorted(failed)}, file)
    os.replace(part, os.path.join(top, _NAME))
