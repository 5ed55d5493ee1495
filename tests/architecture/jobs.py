"""jobs.py ROOT: .ci/run, `./dev help` and ./dev keep the rules of job_rules.py."""

import pathlib
import sys

import job_rules

found = job_rules.check(pathlib.Path(sys.argv[1]))
print("\n".join(found))
sys.exit(1 if found else 0)
