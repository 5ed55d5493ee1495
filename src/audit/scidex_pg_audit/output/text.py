"""Findings as text: location, function, handle, verb; below each, the path of the handle."""

import linecache
from collections.abc import Iterator

from scidex_pg_audit.findings import Finding

LONGEST_LINE = 100


def source_line(file: str, line: int) -> str:
    text = linecache.getline(file, line).strip()
    return text if len(text) <= LONGEST_LINE else text[:LONGEST_LINE] + "..."


def lines(findings: list[Finding]) -> Iterator[str]:
    for finding in findings:
        note = "" if finding.certainty == "certain" else "  (possible: only on some paths, or depending on unknown values)"
        yield f"{finding.file}:{finding.line} {finding.called()} {finding.handle} {finding.verb}{note}"
        for step in finding.path:
            yield f"    {step.file}:{step.line} {source_line(step.file, step.line)}".rstrip()
