"""The source of a package may come without its documentation; then there is nothing to hold to the program."""

from unit.docs.pages import ROOT

collect_ignore_glob = [] if (ROOT / "scripts/docs.py").exists() else ["test_*.py"]
