"""Text in the markup of manual pages."""

import os
import subprocess
import time


def escape(text):
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in escaped.splitlines())


def bold(text):
    return f"\\fB{escape(text)}\\fR"


def italic(text):
    return f"\\fI{escape(text)}\\fR"


def item(term, text):
    """A term, already escaped, and its description, which is escaped here."""
    return f".TP\n{term}\n{escape(text)}"


def output_of(program, *arguments):
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout


def header(name, section, program, title):
    """The title line of the page, with the version of PROGRAM and the date of its sources."""
    version = output_of(program, "--version").split()[1]
    day = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())))
    return f'.TH {name.upper()} {section} "{day}" "scidex_pg_exporter {version}" "{title}"'
