"""The documents of this repository, and their fenced blocks."""

import pathlib
import re
import subprocess
import textwrap
import typing

ROOT = pathlib.Path(__file__).resolve().parents[2]
# "<!-- test: NAME -->" directly above a block names the test that runs it.
MARK = re.compile(r"<!-- test: (\S+) -->")
FENCE = re.compile(r" *```(\w*)$")


class Block(typing.NamedTuple):
    document: str  # its path in the repository
    line: int      # of its first fence
    language: str
    mark: str      # the test that runs it, or ""
    text: str

    def __str__(self):
        return f"{self.document}:{self.line}"


def documents():
    """The path of each *.md."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
                            check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listed.splitlines() if (ROOT / name).exists()]


def blocks_in(text, document):
    lines = text.splitlines()
    start = None
    for number, line in enumerate(lines):
        fence = FENCE.match(line)
        if not fence:
            continue
        if start is None:
            start, language = number, fence[1]
        else:
            mark = MARK.fullmatch(lines[start - 1].strip()) if start > 0 else None
            yield Block(document, start + 1, language, mark[1] if mark else "",
                        textwrap.dedent("\n".join(lines[start + 1:number])))
            start = None
    if start is not None:
        raise AssertionError(f"{document}:{start + 1}: the fence is not closed")


def blocks(name):
    """The blocks of the document of this path in the repository."""
    return list(blocks_in((ROOT / name).read_text(encoding="utf-8"), name))


def commands(block):
    """(command, comment behind it) of each command of a block for a shell. In a console, commands begin with "$ "."""
    text = block.text.replace("\\\n", " ")
    for line in text.splitlines():
        if block.language == "console":
            if not line.startswith("$ "):
                continue
            line = line[2:]
        command, _, comment = re.sub(r"^# |  +# ", "\0", line, count=1).partition("\0")
        if command.strip():
            yield re.sub(r"\s+", " ", command).strip(), comment.strip()


def marked(name, test):
    """The commands of the one block of a document that this test runs."""
    found, = (block for block in blocks(name) if block.mark == test)
    return [command for command, _ in commands(found)]
