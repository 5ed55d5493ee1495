"""Findings of the audit."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from scidex_pg_audit.sql.verdict import CERTAIN, POSSIBLE
from scidex_pg_audit.values import Path


class Finding(NamedTuple):
    file: str
    line: int
    end_line: int
    column: int  # from 0
    function: str
    handle: str
    verb: str
    certainty: str
    path: Path

    def rank(self) -> tuple[int, int, str, Path]:
        """Sort key: of several findings at one place, the lowest is kept."""
        return ((CERTAIN, POSSIBLE).index(self.certainty), self.verb == "UNKNOWN", self.verb, self.path)

    def fingerprint(self, ordinal: int) -> str:
        """Unaffected by moved lines; `ordinal` numbers findings that are otherwise equal."""
        text = "\0".join((self.file, self.function, self.handle, self.verb, str(ordinal)))
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]

    def called(self) -> str:
        """The function as displayed."""
        return self.function if self.function.startswith("<") else f"{self.function}()"


def fingerprints(findings: list[Finding]) -> list[str]:
    """One fingerprint per finding."""
    seen: dict[str, int] = {}
    result = []
    for finding in findings:
        first = finding.fingerprint(0)
        seen[first] = seen.get(first, -1) + 1
        result.append(finding.fingerprint(seen[first]))
    return result
