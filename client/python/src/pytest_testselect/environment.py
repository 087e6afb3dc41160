"""A digest of what a suite runs on: the interpreter and the installed packages.

PYTEST_DONT_REWRITE
"""
import hashlib
import sys
import sysconfig
from importlib import metadata


def lines():
    """One line for the interpreter and one for each installed distribution, sorted.

    What is installed from a checkout, to be edited there, is code of a commit and no environment.
    """
    found = {f"{(d.metadata['Name'] or '?').lower().replace('_', '-')}=={d.version}" for d in metadata.distributions()
             if '"editable": true' not in (d.read_text("direct_url.json") or "")}
    return [f"python=={sys.version.split()[0]} {sys.implementation.name} {sysconfig.get_platform()}", *sorted(found)]


def digest():
    """The same on every machine that has the same: its kind, and 32 hexadecimal digits."""
    return "python-packages:" + hashlib.sha256("\n".join(lines()).encode()).hexdigest()[:32]


if __name__ == "__main__":
    print(digest())
