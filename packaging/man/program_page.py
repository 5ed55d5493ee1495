"""program_page.py PROGRAM: writes scidex_pg_exporter(8). Its options and environment are those of PROGRAM --help; the
rest is program_page.8, in the folder of this file."""

import pathlib
import re
import sys

import roff

FLAG = re.compile(r"^ {2}((?:-\w,)?--[\w.-]+)(?: (\S.*?))?(?: {2,}(\S.*))?$")
VARIABLE = re.compile(r"^ {2}([A-Z][A-Z_]+) {2,}(\S.*)$")


def entries(section, first_line):
    """(name, value, text) of each entry, whose text may continue on indented lines. Another line ends the list."""
    found = []
    for line in section.splitlines():
        start = first_line.match(line)
        if line[:1].strip():
            break
        if start:
            found.append([start[1], *start.groups("")[1:]])
        elif line.strip() and found:
            found[-1][-1] = f"{found[-1][-1]} {line.strip()}".strip()
    return found


def sections(help_text):
    """The text below each heading of --help."""
    parts = re.split(r"^(\w+):\n", help_text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def value_shown(value):
    """The argument of a flag: its choices, or its kind."""
    choices = re.search(r"\{(.*)\}", value)
    if choices:
        return choices[1].replace(",", "|")
    return value.split(":")[0]


def options(text):
    for name, value, help_text in entries(text, FLAG):
        shown = value_shown(value)
        yield roff.item(roff.bold(name.replace(",", ", ")) + (f" {roff.italic(shown)}" if shown else ""), help_text)


def environment(text):
    return (roff.item(roff.bold(name), help_text) for name, help_text in entries(text, VARIABLE))


def page(program):
    found = sections(roff.output_of(program, "--help"))
    frame = (pathlib.Path(__file__).parent / "program_page.8").read_text(encoding="utf-8")
    return (frame.replace("@HEADER@", roff.header("scidex_pg_exporter", 8, program, "System administration"))
            .replace("@OPTIONS@", "\n".join(options(found["Options"])))
            .replace("@ENVIRONMENT@", "\n".join(environment(found["Environment"]))))


if __name__ == "__main__":
    sys.stdout.write(page(sys.argv[1]))
