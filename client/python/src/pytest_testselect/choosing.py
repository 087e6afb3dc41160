"""Asks for a choice: the testselect command over git, else hashes of files, else the whole suite. Each step says what it did.

PYTEST_DONT_REWRITE
"""
import os

from . import failures, program
from .choice import Choice
from .environment import digest
from .repository import top_of

_MOST_EXPLAINED = 40


def choose(config):
    """A Choice, always."""
    top, is_git = top_of(str(config.rootpath))
    log = []
    try:
        if not is_git:
            raise program.Failed(f"{top} is no git repository")
        choice = _by_command(config, top, log)
    except program.Failed as error:
        log.append(str(error))
        choice = _by_hashes(config, top, log) or Choice("whole suite", because="; ".join(log))
    choice.log = log
    remembered = failures.read(top)
    choice.failed |= remembered & (set(choice.order) | choice.skip)
    choice.seconds = choice.seconds or failures.seconds(top)
    forgotten = sorted(choice.skip & remembered, key=lambda label: (choice.seconds.get(label, float("inf")), label))
    choice.order = forgotten + choice.order
    choice.skip -= remembered
    return choice


def _by_hashes(config, top, log):
    from . import file_hashes
    try:
        return file_hashes.choose(top)
    except file_hashes.Unknown as error:
        log.append(str(error))
        return None


def revision(config, top, name):
    """The full name of a commit. Raises program.Failed."""
    return program.run(["git", "rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}"], top).strip()


def comparison(config, top):
    """The arguments that say what is compared with what."""
    since, staged = config.getoption("smart_since"), config.getoption("smart_staged")
    base = ["--base", revision(config, top, since)] if since else []
    return [*base, "--staged" if staged else "--working-tree"]


def _by_command(config, top, log):
    command, compared = program.find(config), comparison(config, top)
    service = program.Service(config)
    if service.note:
        log.append(service.note)
    said = program.answer([command, "select", "--quiet", "--format", "json", "--environment", digest(), *compared, *service.arguments],
                          top, service.environment)
    fallback = said["fallback"]
    choice = Choice("testselect", order=said["run"], skip=set(said["skip"]))
    if fallback is not None:
        choice.because = f"{fallback['code']}: {fallback['message']}"
        return choice
    index = said["index"][0] if said["index"] else None
    if index:
        choice.source = f"evidence of {index['commit'][:12]}, {index['distance']} commits back"
    choice.because = "the change affects it"
    if said["reasons"].get("LAST_FAILED"):
        choice.failed = _failed(command, top, said)
    if config.getoption("verbose") > 0:
        choice.why = _reasons(command, top, service, compared, said["run"])
    return choice


def _failed(command, top, said):
    """Failed tests lead the command's order; so many as it says, if they are not covered by the change, too."""
    return set(said["run"][:said["reasons"]["LAST_FAILED"]])


def _reasons(command, top, service, compared, labels):
    why = {}
    for label in labels[:_MOST_EXPLAINED]:
        try:
            said = program.answer([command, "explain", "--quiet", "--json", *compared, *service.arguments, "--", label], top,
                                  service.environment)
        except program.Failed as error:
            why[label] = f"no reason was given ({error})"
            continue
        why[label] = "; ".join(_sentence(evidence) for evidence in said["evidence"][:2]) or "no evidence"
    return why


def _sentence(evidence):
    lines = evidence.get("lines") or []
    place = f" {evidence['path']}" + (f":{lines[0]}" if lines else "") if evidence.get("path") else ""
    return f"{evidence['code']}{place}" + (f" {evidence['message']}" if evidence.get("message") else "")


def commit_of(config, top):
    """The commit whose files are what runs: nothing tracked differs, and no source is new. None: there is none."""
    try:
        said = program.run(["git", "status", "--porcelain", "--untracked-files=normal", "-z"], top)
        head = revision(config, top, "HEAD")
    except program.Failed:
        return None
    clean = all(entry.startswith("??") and not entry.endswith((".py", "/")) for entry in said.split("\0") if entry)
    return head if clean else None
