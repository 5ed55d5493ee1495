"""Findings as an array of objects."""

import json

from scidex_pg_audit.findings import Finding
from scidex_pg_audit.output.text import source_line


def document(findings: list[Finding]) -> str:
    return json.dumps([{
        "file": finding.file,
        "line": finding.line,
        "function": finding.function,
        "handle": finding.handle,
        "verb": finding.verb,
        "certainty": finding.certainty,
        "path": [{"file": step.file, "line": step.line, "text": source_line(step.file, step.line)}
                 for step in finding.path],
    } for finding in findings], indent=2)
