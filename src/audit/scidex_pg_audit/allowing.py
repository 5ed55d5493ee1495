"""Comments in the audited code that allow findings on their line."""

from __future__ import annotations

from scidex_pg_audit.findings import Finding

Allows = dict[str, dict[int, str]]


def split(findings: list[Finding], allows: Allows) -> tuple[list[Finding], list[str]]:
    """The findings that are not allowed, and the problems with allow comments."""
    kept: list[Finding] = []
    used: set[tuple[str, int]] = set()
    for finding in findings:
        lines = allows.get(finding.file, {})
        allowing = [line for line in range(finding.line, max(finding.line, finding.end_line) + 1) if line in lines]
        used.update((finding.file, line) for line in allowing)
        if not any(lines[line] for line in allowing):
            kept.append(finding)
    problems = []
    for file, lines in sorted(allows.items()):
        for line, reason in sorted(lines.items()):
            if not reason:
                problems.append(f"{file}:{line}: an allow comment needs a reason")
            elif (file, line) not in used:
                problems.append(f"{file}:{line}: this allow comment has no effect: there is no finding")
    return kept, problems
