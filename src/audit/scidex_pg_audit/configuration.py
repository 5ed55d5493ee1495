"""The configuration file, merged with defaults.toml."""

import pathlib
import tomllib
from dataclasses import dataclass
from typing import Any, NamedTuple

from scidex_pg_audit.patterns import BadPattern, Decorators, Patterns

DEFAULTS = pathlib.Path(__file__).with_name("defaults.toml")
FILE_NAME = "scidex-pg-audit.toml"


class BadConfiguration(Exception):
    """The message names the file and the key."""


class Verb(NamedTuple):
    verb: str
    certain: bool


class ExecuteFunction(NamedTuple):
    """A function that gets a handle, by position or keyword, and SQL; or that executes `verb`."""
    handle: int
    keyword: str
    sql: int
    verb: str


@dataclass(frozen=True)
class Configuration:
    read_givers: Patterns
    read_objects: Patterns
    read_types: Patterns
    read_decorators: Decorators
    write_givers: Patterns
    write_objects: Patterns
    write_types: Patterns
    aliases: frozenset[str]
    dsns: frozenset[str]
    execute: frozenset[str]
    query: frozenset[str]
    prepare: frozenset[str]
    derive: frozenset[str]
    finish: frozenset[str]
    rows: frozenset[str]
    writes: dict[str, Verb]
    query_writes: dict[str, Verb]
    row_writes: dict[str, Verb]
    open: frozenset[str]
    wrap: frozenset[str]
    factories: frozenset[str]
    read_only: frozenset[str]
    execute_functions: dict[str, ExecuteFunction]
    sql_functions: frozenset[str]
    ignored_verbs: frozenset[str]
    exclude: tuple[str, ...]

    @property
    def sinks(self) -> frozenset[str]:
        """Names of methods and functions that may write."""
        return (self.execute | self.query | self.prepare | self.read_only | self.writes.keys()
                | self.query_writes.keys() | self.row_writes.keys() | self.execute_functions.keys())


# Tables whose keys are names in the audited code.
FREE_TABLES = frozenset(("methods.write", "methods.query_write", "methods.row_write", "functions.execute"))


def load(file: pathlib.Path | None = None) -> Configuration:
    """The configuration of `file` merged with the defaults, or only the defaults."""
    document = read(DEFAULTS)
    if file is not None:
        own = read(file)
        if own.pop("defaults", True) is False:
            document = emptied(document)
        merge(document, own, file, "")
    try:
        return build(document)
    except BadPattern as error:
        raise BadConfiguration(f"{file or DEFAULTS}: {error}") from None
    except (AttributeError, TypeError, KeyError) as error:
        raise BadConfiguration(f"{file or DEFAULTS}: wrong type of a value: {error}") from None


def read(file: pathlib.Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadConfiguration(f"{file}: {error}") from None


def emptied(document: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    if prefix in FREE_TABLES:
        return {}
    return {key: emptied(value, f"{prefix}.{key}".strip(".")) if isinstance(value, dict) else []
            for key, value in document.items()}


def merge(document: dict[str, Any], own: dict[str, Any], file: pathlib.Path, prefix: str) -> None:
    """Merges `own`: lists are appended, tables merged, names in free tables replaced."""
    for key, value in own.items():
        name = f"{prefix}.{key}" if prefix else key
        if prefix in FREE_TABLES:
            if not isinstance(value, dict if prefix == "functions.execute" else str):
                raise BadConfiguration(f"{file}: wrong type of {name}")
            document[key] = value
            continue
        if key not in document:
            raise BadConfiguration(f"{file}: no such key: {name}")
        if not isinstance(value, type(document[key])):
            raise BadConfiguration(f"{file}: {name} must be a {'table' if isinstance(document[key], dict) else 'list'}")
        if isinstance(value, dict):
            merge(document[key], value, file, name)
        elif all(isinstance(one, str) for one in value):
            document[key] = document[key] + value
        else:
            raise BadConfiguration(f"{file}: {name} must be a list of strings")


def build(document: dict[str, Any]) -> Configuration:
    read_, write, methods = document["read"], document["write"], document["methods"]
    functions, sql = document["functions"], document["sql"]
    return Configuration(
        read_givers=Patterns(read_["givers"]), read_objects=Patterns(read_["objects"]),
        read_types=Patterns(read_["types"]), read_decorators=Decorators(read_["decorators"]),
        write_givers=Patterns(write["givers"]),
        write_objects=Patterns(write["objects"]), write_types=Patterns(write["types"]),
        aliases=frozenset(read_["aliases"]), dsns=frozenset(read_["dsns"]),
        execute=frozenset(methods["execute"]), query=frozenset(methods["query"]),
        prepare=frozenset(methods["prepare"]), derive=frozenset(methods["derive"]),
        finish=frozenset(methods["finish"]), rows=frozenset(methods["rows"]),
        writes=verbs(methods["write"]), query_writes=verbs(methods["query_write"]),
        row_writes=verbs(methods["row_write"]),
        open=frozenset(functions["open"]), wrap=frozenset(functions["wrap"]),
        factories=frozenset(functions["factories"]), read_only=frozenset(functions["read_only"]),
        execute_functions={name: ExecuteFunction(entry["handle"], entry.get("keyword", ""), entry.get("sql", -1),
                                                 entry.get("verb", ""))
                           for name, entry in functions["execute"].items()},
        sql_functions=frozenset(name.lower() for name in sql["functions"]),
        ignored_verbs=frozenset(verb.upper() for verb in sql["ignore"]), exclude=tuple(document["files"]["exclude"]))


def verbs(table: dict[str, str]) -> dict[str, Verb]:
    return {name: Verb(verb.removesuffix("?"), not verb.endswith("?")) for name, verb in table.items()}
