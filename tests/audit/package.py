"""Where the audit is in the tree, for its tests."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAUNCHER = ROOT / "src" / "audit" / "scidex-pg-audit"
CORPUS = ROOT / "tests" / "audit" / "corpus"

sys.path.insert(0, str(ROOT / "src" / "audit"))
