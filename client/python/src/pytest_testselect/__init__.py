"""pytest's side of TestSelect: a recorder of what each test needs, and a selection by it."""

__version__ = "0.1.0"
