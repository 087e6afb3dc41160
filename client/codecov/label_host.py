"""What `testselect label-analysis` has Python do: it is given to the interpreter with -c.

    pytest FILE                             pytest with the arguments in FILE (a JSON list)
    class MODULE CLASS PARAMS IN OUT        a runner class with Codecov's interface

A runner class is made once, as Codecov makes it: CLASS(**PARAMS). What it collects goes to the file
descriptor OUT as one JSON object; the result comes from IN, and nothing comes where none is to be
processed. Only the standard library, and Python 3.7, are needed.
"""

import importlib
import json
import os
import sys
import types


class LabelAnalysisRequestResult(dict):
    """The four lists, as Codecov's class of this name has them."""

    @property
    def present_report_labels(self):
        return self.get("present_report_labels", [])

    @property
    def absent_labels(self):
        return self.get("absent_labels", [])

    @property
    def present_diff_labels(self):
        return self.get("present_diff_labels", [])

    @property
    def global_level_labels(self):
        return self.get("global_level_labels", [])


class LabelAnalysisRunnerInterface:
    """What runner classes derive from."""

    params = None
    dry_run_runner_options = []

    def collect_tests(self):
        raise NotImplementedError()

    def process_labelanalysis_result(self, result):
        raise NotImplementedError()


def provide_interface():
    """Classes import their base from codecov_cli, which need not be installed any more."""
    try:
        from codecov_cli.runners.types import LabelAnalysisRequestResult as result_type

        return result_type
    except ImportError:
        pass
    for name in ("codecov_cli", "codecov_cli.runners", "codecov_cli.runners.types"):
        sys.modules[name] = types.ModuleType(name)
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, sys.modules[name])
    stand_in = sys.modules["codecov_cli.runners.types"]
    stand_in.LabelAnalysisRequestResult = LabelAnalysisRequestResult
    stand_in.LabelAnalysisRunnerInterface = LabelAnalysisRunnerInterface
    return LabelAnalysisRequestResult


def run_pytest(file):
    import pytest

    with open(file, encoding="utf-8") as stream:
        arguments = json.load(stream)
    return pytest.main(arguments)


def make_runner(module, class_name, params):
    try:
        found = getattr(importlib.import_module(module), class_name)
    except ModuleNotFoundError as error:
        sys.exit(f"testselect: error: cannot import the runner's module {module}: {error}")
    except AttributeError:
        sys.exit(f"testselect: error: the module {module} has no class {class_name}")
    try:
        return found(**params)
    except TypeError as error:
        sys.exit(f"testselect: error: {class_name} does not take the parameters {params}: {error}")


def collect(runner):
    """What the class prints meanwhile is no answer of ours: it goes to standard error."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        labels = [str(label) for label in runner.collect_tests()]
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
    return labels


def run_class(module, class_name, params, source, sink):
    # Programs that the class starts must not hold these open.
    for descriptor in (source, sink):
        os.set_inheritable(descriptor, False)
    result_type = provide_interface()
    runner = make_runner(module, class_name, params)
    labels = collect(runner)
    options = [str(option) for option in getattr(runner, "dry_run_runner_options", None) or []]
    with os.fdopen(sink, "w", encoding="utf-8") as stream:
        json.dump({"labels": labels, "options": options}, stream)
    with os.fdopen(source, encoding="utf-8") as stream:
        result = stream.read()
    if result:
        runner.process_labelanalysis_result(result_type(json.loads(result)))
    return 0


def main(arguments):
    if arguments[0] == "pytest":
        return run_pytest(arguments[1])
    _, module, class_name, params, source, sink = arguments
    return run_class(module, class_name, json.loads(params), int(source), int(sink))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
