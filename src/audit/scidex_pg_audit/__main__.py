"""Runs the audit as python3 -m scidex_pg_audit."""

import sys

from scidex_pg_audit.cli import main

sys.exit(main())
