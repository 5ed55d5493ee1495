"""The verdict on SQL as written in a program: with the driver's placeholders, and with holes for unknown values."""

import functools
import re

from scidex_pg_audit.sql import first_verb, tree
from scidex_pg_audit.sql.verdict import CERTAIN, NO_WRITE, NOT_KNOWN, POSSIBLE, Verdict

# Marks an unknown part of a text.
HOLE = "\x1a"
PARAMETER = re.compile(r"%s|%\(\w+\)[sbt]?|(?<![:\w\[]):[A-Za-z_]\w*|%[bt]\b")
QUESTION = re.compile(r"(?<=[\s(,=])\?(?=[\s),;]|$)")
BRACES = re.compile(r"\{[\w.!:]*\}")
# Replacements of parameters and holes, tried in turn until PostgreSQL's parser accepts the text.
STAND_INS = (("(NULL)", "scidex_hole"), ("'x'", "scidex_hole"), ("(NULL)", ""), ("(NULL)", "(NULL)"), ("'x'", "''"),
             ("NULL", " AND true"), ("NULL", ", scidex_hole"))


@functools.lru_cache(maxsize=50_000)
def judge(text: str, more: frozenset[str] = frozenset()) -> Verdict:
    """`more` are further functions that write."""
    if not text.strip().strip(HOLE).strip():
        return NOT_KNOWN if HOLE in text else Verdict(NO_WRITE)
    marked = BRACES.sub(HOLE, text)
    begins_with_hole = marked.lstrip(" \t\r\n(").startswith(HOLE)
    verdict = parsed(marked, more)
    if verdict is None:
        verdict = first_verb.judge(marked.replace(HOLE, " "), more)
    if begins_with_hole:
        return lessened(verdict)
    return verdict


def lessened(verdict: Verdict) -> Verdict:
    """The verdict if an unknown beginning may change the meaning."""
    if verdict.certainty == CERTAIN:
        return verdict._replace(certainty=POSSIBLE)
    return verdict if verdict.writes else NOT_KNOWN


def parsed(text: str, more: frozenset[str]) -> Verdict | None:
    if not tree.AVAILABLE:
        return None
    plain = PARAMETER.sub("\x1b", text).replace("%%", "%")
    if "?" in plain:
        plain = QUESTION.sub("\x1b", plain)
    tried = set()
    for parameter, hole in STAND_INS:
        candidate = plain.replace("\x1b", parameter).replace(HOLE, hole)
        if candidate in tried:
            continue
        tried.add(candidate)
        verdict = tree.judge(candidate, more)
        if verdict is not None:
            return verdict
    return None
