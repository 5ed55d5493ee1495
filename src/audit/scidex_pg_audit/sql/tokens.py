"""Splits SQL into words, without comments and contents of strings. For SQL that PostgreSQL's parser does not accept."""

import re
from collections.abc import Iterator

TOKEN = re.compile(r"""
    (?P<space>\s+|--[^\n]*)
  | (?P<comment>/\*)
  | (?P<string>[eE]'(?:[^'\\]|\\.|'')*'?|(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*'?)
  | (?P<dollar>\$(?P<tag>[A-Za-z_]\w*|)\$)
  | (?P<quoted>"(?:[^"]|"")*"?)
  | (?P<word>[A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*)
  | (?P<other>\d+|.)
""", re.VERBOSE | re.DOTALL)
COMMENT_EDGE = re.compile(r"/\*|\*/")


def end_of_comment(text: str, start: int) -> int:
    """The position after the comment that begins at `start`. Comments nest."""
    depth = 0
    for edge in COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(text)


def tokens(text: str) -> Iterator[str]:
    """Words in upper case, quoted names as '"', strings as "'", and other characters one by one."""
    position = 0
    while position < len(text):
        match = TOKEN.match(text, position)
        assert match is not None
        position = match.end()
        kind = match.lastgroup if match.lastgroup != "tag" else "dollar"
        if kind == "comment":
            position = end_of_comment(text, match.start())
        elif kind == "dollar":
            end = text.find(match[0], position)
            position = len(text) if end < 0 else end + len(match[0])
            yield "'"
        elif kind == "word":
            yield match[0].upper()
        elif kind == "string":
            yield "'"
        elif kind == "quoted":
            yield '"'
        elif kind == "other":
            yield match[0]
