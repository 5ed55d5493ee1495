"""configuration_page.py PROGRAM FILE: writes scidex_pg_exporter.yaml(5) from FILE, the commented file of all keys."""

import pathlib
import re
import sys

import roff

KEY = re.compile(r"^( *)([a-z_]+):(?: (.*))?$")
# A line of a comment that begins an example. Lines that are indented or follow such a line are shown unchanged.
EXAMPLE = re.compile(r"^( {2,}\S|\S+:$|- )")


def parts(comment):
    """(whether it is an example, lines) of each part of the comment: text that flows, and examples that do not."""
    part, example = [], False
    for line in comment:
        begins = bool(EXAMPLE.match(line))
        if part and (begins != example or not line):
            yield example, part
            part = []
        if line:
            part.append(line)
            example = begins
    if part:
        yield example, part


def paragraphs(comment):
    for example, lines in parts(comment):
        yield "\n".join([".EX", *map(roff.escape, lines), ".EE"]) if example else roff.escape(" ".join(lines))


def keys(lines):
    """(full name, default or None, comment) of each key, in the file's order; first the comment at the file's head."""
    comment, path, head = [], [], True
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text.startswith("#"):
            comment.append(text[1:].removeprefix(" ").rstrip())
        elif not text:
            if head:
                yield "", None, comment
                comment, head = [], False
        else:
            key = KEY.match(line)
            if not key:
                raise SystemExit(f"line {number} is not a key: {line}")
            path[len(key[1]) // 2:] = [key[2]]
            yield ".".join(path), key[3], comment
            comment = []


def entry(name, default, comment):
    text = "\n.IP\n".join(paragraphs(comment))
    if default is None:
        heading = f".SS {roff.escape(name)}" if name else ""
        return "\n".join(filter(None, [heading, text.replace("\n.IP\n", "\n.PP\n")]))
    return f".TP\n{roff.bold(name)} (default: {roff.italic(default)})\n{text}".rstrip()


def page(program, path):
    found = [entry(*key) for key in keys(path.read_text(encoding="utf-8").splitlines())]
    return "\n".join([
        roff.header("scidex_pg_exporter.yaml", 5, program, "File formats"),
        ".SH NAME",
        "scidex_pg_exporter.yaml \\- configuration of scidex_pg_exporter(8)",
        ".SH DESCRIPTION",
        found[0],
        ".SH KEYS",
        *found[1:],
        ".SH FILES",
        roff.item(roff.italic("/etc/scidex-pg-exporter/exporter.yaml"), "configuration of scidex-pg-exporter.service"),
        roff.item(roff.italic("/usr/share/doc/scidex-pg-exporter/examples/exporter.yaml"), "every key with its default"),
        ".SH SEE ALSO",
        ".BR scidex_pg_exporter (8)",
        "",
    ])


if __name__ == "__main__":
    sys.stdout.write(page(sys.argv[1], pathlib.Path(sys.argv[2])))
