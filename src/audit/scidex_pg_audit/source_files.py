"""Reads, decodes and parses files into modules."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from typing import NamedTuple

from scidex_pg_audit.collector import collect
from scidex_pg_audit.definitions import Module
from scidex_pg_audit.discovery import Source

# Larger files are generated data; their trees would take gigabytes.
LARGEST = 64 * 1024 * 1024
ALLOW = re.compile(rb"#\s*scidex-pg-audit:\s*allow\b[ \t]*([^\r\n]*)")


class Unreadable(NamedTuple):
    """A file, or a part of one, that was not audited."""
    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: not audited: {self.reason}"


def parse(source: Source) -> Module | Unreadable:
    try:
        if source.path.stat().st_size > LARGEST:
            return Unreadable(source.shown, 0, f"larger than {LARGEST >> 20} MiB")
        content = source.path.read_bytes()
    except OSError as error:
        return Unreadable(source.shown, 0, error.strerror or str(error))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(content, source.shown)
    except SyntaxError as error:
        return Unreadable(source.shown, error.lineno or 0, f"does not parse: {error.msg}")
    except (ValueError, LookupError) as error:
        return Unreadable(source.shown, 0, f"does not parse: {error}")
    except (RecursionError, MemoryError):
        return Unreadable(source.shown, 0, "nested too deeply")
    module = Module(source.shown, source.names, tree, source.is_package)
    if ALLOW.search(content):
        module.allows = allows(content)
    collect(module)
    return module


def allows(content: bytes) -> dict[int, str]:
    """The reasons of allow comments, by line."""
    found = {}
    try:
        for token in tokenize.tokenize(io.BytesIO(content).readline):
            match = ALLOW.match(token.string.encode()) if token.type == tokenize.COMMENT else None
            if match:
                found[token.start[0]] = match[1].decode().strip()
    except (tokenize.TokenError, SyntaxError):
        pass
    return found
