"""Findings as SARIF 2.1.0, which code hosting services display next to the code.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

import json
import linecache
import pathlib
import urllib.parse
from typing import Any

from scidex_pg_audit.findings import Finding, fingerprints
from scidex_pg_audit.output.text import source_line
from scidex_pg_audit.source_files import Unreadable

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
RULES = {
    "certain": ("write-through-read-handle", "A write through a read handle", "error"),
    "possible": ("possible-write-through-read-handle", "A write through a read handle, only on some paths", "warning"),
}


def document(findings: list[Finding], unreadable: list[Unreadable]) -> str:
    rules = [{"id": rule, "shortDescription": {"text": text}, "defaultConfiguration": {"level": level}}
             for rule, text, level in RULES.values()]
    run = {
        "tool": {"driver": {"name": "scidex-pg-audit", "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": [
            {"level": "warning", "message": {"text": one.reason}, "locations": [location(one.file, max(one.line, 1))]}
            for one in unreadable]}],
        "results": [result(finding, mark) for finding, mark in zip(findings, fingerprints(findings))],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def result(finding: Finding, mark: str) -> dict[str, Any]:
    rule, _, level = RULES[finding.certainty]
    place = location(finding.file, finding.line)
    place["physicalLocation"]["region"]["startColumn"] = start_column(finding)
    place["logicalLocations"] = [{"fullyQualifiedName": finding.function}]
    steps = [{"location": {**location(step.file, step.line), "message": {"text": source_line(step.file, step.line)}}}
             for step in finding.path]
    made: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": list(RULES).index(finding.certainty),
        "level": level,
        "message": {"text": f"{finding.called()}: {finding.verb} through the read handle {finding.handle}"},
        "locations": [place],
        "partialFingerprints": {"scidexPgAudit/v1": mark},
    }
    if steps:
        made["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    return made


def start_column(finding: Finding) -> int:
    """In characters, from 1; a finding has it in bytes, from 0, as Python's parser does."""
    before = linecache.getline(finding.file, finding.line).encode(errors="replace")[:finding.column]
    return len(before.decode(errors="replace")) + 1


def location(file: str, line: int) -> dict[str, Any]:
    uri = urllib.parse.quote(pathlib.PurePath(file).as_posix(), errors="replace")
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": max(line, 1)}}}
