"""debian_changelog.py CHANGELOG VERSION SECONDS: writes debian/changelog from CHANGELOG.md, which is its only source.

VERSION is the version of the package, and SECONDS the Unix time of its latest commit.
"""

import email.utils
import pathlib
import re
import sys
import textwrap

PACKAGE = "scidex-pg-exporter"
CONTROL = pathlib.Path(__file__).resolve().parent / "debian/control"


def maintainer():
    return re.search(r"^Maintainer: (.*)$", CONTROL.read_text(encoding="utf-8"), re.MULTILINE)[1]


def latest(changelog):
    """The entries of the topmost version, each as one line of plain text."""
    section = re.split(r"^## .*\n", changelog, flags=re.MULTILINE)[1]
    for entry in re.findall(r"^- (.*(?:\n  .*)*)", section, flags=re.MULTILINE):
        yield re.sub(r"\s+", " ", entry).replace("`", "")


def debian_changelog(changelog, version, seconds):
    lines = [f"{PACKAGE} ({version}) unstable; urgency=medium", ""]
    for entry in latest(changelog):
        lines += textwrap.wrap(entry, 76, initial_indent="  * ", subsequent_indent="    ", break_on_hyphens=False)
    lines += ["", f" -- {maintainer()}  {email.utils.formatdate(seconds)}", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    path, named_version, committed = sys.argv[1:]
    sys.stdout.write(debian_changelog(pathlib.Path(path).read_text(encoding="utf-8"), named_version, int(committed)))
