"""The jobs of ./dev are the same in .ci/run, in `./dev help` and in ./dev.

.ci/run is executed with a replacement for ./dev that only records its arguments.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
from typing import NamedTuple

LISTED = re.compile(r"^  ([a-z]+)\b", re.MULTILINE)
DEFINED = re.compile(r"^job_(\w+)\(\)", re.MULTILINE)
# Fails in the job $FAILING; the tests report like ctest.
RECORDER = """#!/bin/sh
echo "$*" >>"$RECORD"
[ "$1" != test ] || echo "7 passed, 1 failed"
[ "$1" != "$FAILING" ]
"""


class Run(NamedTuple):
    """The result of .ci/run: the first word of each job that it started, in order."""
    status: int
    started: list
    output: str


def listed_jobs(help_text):
    return LISTED.findall(help_text)


def defined_jobs(dev_text):
    return DEFINED.findall(dev_text)


def run(ci, failing=""):
    """Runs the script `ci`, a pathlib.Path, with a ./dev that fails in one job, or in none."""
    with tempfile.TemporaryDirectory(prefix="scidex-jobs-") as folder:
        root = pathlib.Path(folder)
        record = root / "record"
        record.touch()
        (root / ".ci").mkdir()
        shutil.copy(ci, root / ".ci/run")
        (root / "dev").write_text(RECORDER)
        (root / "dev").chmod(0o755)
        done = subprocess.run([root / ".ci/run"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              env=os.environ | {"RECORD": str(record), "FAILING": failing})
        started = [line.split()[0] for line in record.read_text().splitlines()]
        return Run(done.returncode, started, done.stdout + done.stderr)


def problems(help_text, dev_text, ci):
    listed = listed_jobs(help_text)
    for job in sorted(set(defined_jobs(dev_text)) - set(listed)):
        yield f"./dev help does not list the job {job}"
    good = run(ci)
    missing = [job for job in listed if job not in good.started]
    for job in missing:
        yield f".ci/run does not start ./dev {job}"
    if good.status != 0:
        yield f".ci/run fails where no job does: {good.output}"
    for job in sorted(set(listed) - set(missing)):
        bad = run(ci, failing=job)
        if bad.status == 0:
            yield f".ci/run succeeds where ./dev {job} fails"
        if bad.started != good.started:
            yield f".ci/run does not start every job where ./dev {job} fails"
        if bad.output.splitlines()[-1:] != ["7 passed, 1 failed"]:
            yield f"the last line of .ci/run is not that of the tests where ./dev {job} fails"


def check(root):
    """All problems of the tree `root`, a pathlib.Path."""
    shown = subprocess.run([root / "dev", "help"], check=True, capture_output=True, text=True)
    return list(problems(shown.stdout, (root / "dev").read_text(), root / ".ci/run"))
