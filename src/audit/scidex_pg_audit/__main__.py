"""python3 -m scidex_pg_audit, as the launcher does it."""

import sys

from scidex_pg_audit.cli import main

sys.exit(main())
