"""`--testselect-labels FILE`: runs the labels of a file, in the file's order, and nothing else.

PYTEST_DONT_REWRITE
"""
import pytest

_SHOWN = 10


def read(path):
    """The labels, one a line, each once. Raises pytest.UsageError where the file cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            return list(dict.fromkeys(line for line in file.read().split("\n") if line))
    except OSError as error:
        raise pytest.UsageError(f"--testselect-labels: {path}: {error.strerror}") from None


def keep(config, items, labels):
    """Leaves the items that are named, in their order. Raises pytest.UsageError that names labels which were not collected."""
    from .evidence_file import label_bytes
    wanted = {label_bytes(label): place for place, label in enumerate(labels)}
    kept = [item for item in items if label_bytes(item.nodeid) in wanted]
    found = {label_bytes(item.nodeid) for item in kept}
    missing = [label for label in labels if label_bytes(label) not in found]
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        raise pytest.UsageError(f"--testselect-labels: {len(missing)} of {len(labels)} labels were not collected: " +
                                ", ".join(missing[:_SHOWN]) + more)
    dropped = [item for item in items if label_bytes(item.nodeid) not in wanted]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
    kept.sort(key=lambda item: wanted[label_bytes(item.nodeid)])
    items[:] = kept


def check_argument(config, option):
    """pytest looks for its root before it knows the options of plugins: the value of one that stands by itself and exists is
    then taken for a path of tests, and labels would begin elsewhere."""
    import os
    arguments = [str(a) for a in config.invocation_params.args]
    here = os.path.realpath(str(config.invocation_params.dir))
    for name, value in zip(arguments, arguments[1:]):
        folder = os.path.dirname(os.path.realpath(os.path.join(here, value)))
        inside = os.path.commonpath([here, folder]) == here
        if name == option and os.path.exists(value) and not inside and _holds(os.path.realpath(str(config.rootpath)), folder):
            raise pytest.UsageError(f"write {option}={value}, as one word: pytest takes a file that stands by itself for a path of "
                                    f"tests, and made {config.rootpath} the root of all labels")


def _holds(folder, inner):
    import os
    return os.path.commonpath([folder, inner]) == folder
