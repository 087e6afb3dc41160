"""Reads a selection (the JSON of `testselect select`) for the quick start.

    report.py lists SELECTION                  prints the sizes of the four lists and the selection ratio
    report.py three SELECTION                  prints three selected tests, one a line, from different lists
    report.py why EXPLANATION                  prints an explanation (the JSON of `testselect explain`) in a few lines
    report.py check SELECTION BEFORE AFTER     judges the selection by the outcomes of whole runs before and after the
                                               change (`node id TAB outcome` a line); exit status 1 where it lost a test
"""

import json
import sys

MAX_KINDS = 6
LISTS = {
    "absent_labels": "never seen before",
    "present_diff_labels": "executed something that changed",
    "global_level_labels": "the change may concern every test, or nothing says whom",
    "present_report_labels": "known from earlier runs",
}


def percent(part, whole):
    return f"{100 * part / whole:.1f} %" if whole else "nothing"


def lists(selection):
    run, skip = selection["run"], selection["skip"]
    for name, meaning in LISTS.items():
        print(f"  {name:<22}{len(selection[name]):>7}   {meaning}")
    seconds = selection["seconds"]
    print(f"  to run{len(run):>23}   of {len(run) + len(skip)} tests ({percent(len(run), len(run) + len(skip))})")
    print(f"  to run, seconds{seconds['run']:>14.2f}   of {seconds['total']:.2f} known"
          f" ({percent(seconds['run'], seconds['total'])})")
    reasons = sorted(selection["reasons"].items(), key=lambda item: -item[1])
    print("  reasons: " + (", ".join(f"{code} {count}" for code, count in reasons) or "none"))
    if selection["fallback"]:
        print(f"  everything runs: {selection['fallback']['code']}: {selection['fallback']['message']}")


def three(selection):
    """Prints one test of each list that runs, preferring tests that are in no other list, then more."""
    chosen = []
    for name in list(LISTS)[:3]:
        others = {label for other in LISTS if other not in (name, "present_report_labels") for label in selection[other]}
        fresh = [label for label in selection[name] if label not in chosen]
        chosen += sorted(fresh, key=lambda label: label in others)[:1]
    chosen += [label for label in selection["run"] if label not in chosen]
    print("\n".join(chosen[:3]))


def why(explanation):
    """Prints the first piece of evidence of each kind, as there may be hundreds of one kind."""
    print(f"  {explanation['label']}")
    kinds = {}
    for piece in explanation["evidence"]:
        kinds.setdefault((piece["code"], piece["message"]), []).append(piece)
    for (code, message), pieces in list(kinds.items())[:MAX_KINDS]:
        lines = pieces[0]["lines"]
        place = pieces[0]["path"] + (":" + "-".join(map(str, sorted(set(lines)))) if lines else "")
        more = f" and {len(pieces) - 1} more" if len(pieces) > 1 else ""
        print(f"    {code}: {message}" + (f" ({place}{more})" if place else ""))
    if len(kinds) > MAX_KINDS:
        print(f"    and {len(kinds) - MAX_KINDS} kinds of reasons more")


def read_outcomes(path):
    with open(path, encoding="utf-8") as lines:
        return dict(line.rstrip("\n").rsplit("\t", 1) for line in lines)


def check(selection, before, after):
    """Prints and returns the tests that were skipped though they fail now, end otherwise than before, or are new."""
    run, skip = set(selection["run"]), set(selection["skip"])
    failed = {label for label, outcome in after.items() if outcome == "failed"}
    changed = {label for label, outcome in after.items() if before.get(label, outcome) != outcome}
    new = after.keys() - before.keys()
    lost = sorted((failed | changed | new) & skip)
    print(f"  whole suite: {len(after)} tests, {len(failed)} failed, {len(changed)} ended otherwise than before,"
          f" {len(new)} are new")
    print(f"  of the {len(skip)} tests that the selection skips, {len(lost)} are among these"
          + (": LOST" if lost else ": nothing was lost"))
    for label in lost:
        print(f"    {before.get(label, 'new')} -> {after[label]}  {label}")
    unasked = after.keys() - run - skip
    if unasked:
        print(f"  {len(unasked)} tests ran that the selection was not asked about (names that change from run to run?)")
    return lost


def main():
    command, path, *outcomes = sys.argv[1:]
    with open(path, encoding="utf-8") as text:
        selection = json.load(text)
    if command == "check":
        sys.exit(1 if check(selection, *map(read_outcomes, outcomes)) else 0)
    {"lists": lists, "three": three, "why": why}[command](selection)


if __name__ == "__main__":
    main()
