"""A file of known findings: only new ones are reported."""

from __future__ import annotations

import json
import pathlib

from scidex_pg_audit.findings import Finding, fingerprints

VERSION = 1


class BadBaseline(Exception):
    """The message names the file."""


def write(file: pathlib.Path, findings: list[Finding]) -> None:
    entries = [{"fingerprint": mark, "file": finding.file, "function": finding.function, "handle": finding.handle,
                "verb": finding.verb} for mark, finding in zip(fingerprints(findings), findings)]
    file.write_text(json.dumps({"version": VERSION, "findings": entries}, indent=2) + "\n", encoding="utf-8")


def read(file: pathlib.Path) -> set[str]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        if document["version"] != VERSION:
            raise BadBaseline(f"{file}: version {document['version']} is not {VERSION}")
        return {str(entry["fingerprint"]) for entry in document["findings"]}
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BadBaseline(f"{file}: {error}") from None
    except (KeyError, TypeError):
        raise BadBaseline(f"{file}: not a baseline") from None


def new(findings: list[Finding], known: set[str]) -> tuple[list[Finding], int]:
    """The findings that are not in the baseline, and the number of baseline entries that are gone."""
    marks = fingerprints(findings)
    return [finding for finding, mark in zip(findings, marks) if mark not in known], len(known - set(marks))
