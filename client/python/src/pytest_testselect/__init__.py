"""pytest's side of TestSelect: a recorder of what each test needs, and a selection by it.

PYTEST_DONT_REWRITE
"""

__version__ = "0.1.0"
