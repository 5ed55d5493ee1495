"""Names of handles in the configuration: Python expressions, matched from the end of a dotted name.

`get_db_ro` also matches `db.get_db_ro`; `get_db(readonly=True)` matches only that call, `connections["replica"]` only
that element.
"""

import ast
from dataclasses import dataclass

from scidex_pg_audit.values import Arguments, Constant, Guard, Guards, Symbol, Value, literal

Scalar = str | int | float | bool | None


class BadPattern(ValueError):
    """The message describes the error."""


@dataclass(frozen=True)
class Pattern:
    parts: tuple[str, ...]
    positional: tuple[Scalar, ...] = ()
    keywords: tuple[tuple[str, Scalar], ...] = ()
    subscript: Scalar = None

    def names(self, dotted: str) -> bool:
        return tuple(dotted.split(".")[-len(self.parts):]) == self.parts


def parse(text: str) -> Pattern:
    try:
        node = ast.parse(text, mode="eval").body
        if isinstance(node, ast.Call):
            return Pattern(parts_of(node.func), tuple(scalar(one) for one in node.args),
                           tuple((one.arg or "", scalar(one.value)) for one in node.keywords))
        if isinstance(node, ast.Subscript):
            return Pattern(parts_of(node.value), subscript=scalar(node.slice))
        return Pattern(parts_of(node))
    except (SyntaxError, ValueError):
        raise BadPattern(f"not a name, a call with constants or a subscript: {text!r}") from None


def parts_of(node: ast.expr) -> tuple[str, ...]:
    if isinstance(node, ast.Attribute):
        return (*parts_of(node.value), node.attr)
    if isinstance(node, ast.Name):
        return (node.id,)
    raise ValueError


def scalar(node: ast.expr) -> Scalar:
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, int, float, bool, type(None))):
        return node.value
    if isinstance(node, ast.Constant) and node.value is ...:
        return "..."
    raise ValueError


class Patterns:
    """A set of patterns, indexed by the last part of their names."""

    def __init__(self, texts: list[str]) -> None:
        self.by_name: dict[str, list[Pattern]] = {}
        for text in texts:
            pattern = parse(text)
            self.by_name.setdefault(pattern.parts[-1], []).append(pattern)

    def __bool__(self) -> bool:
        return bool(self.by_name)

    def call(self, names: list[str], arguments: Arguments) -> Guards | None:
        """The conditions under which a pattern matches a call; None if no pattern does."""
        for name in names:
            for pattern in self.by_name.get(name.rpartition(".")[2], ()):
                if pattern.subscript is None and pattern.names(name):
                    guards = match_arguments(pattern, arguments)
                    if guards is not None:
                        return guards
        return None

    def name(self, dotted: str) -> bool:
        return any(pattern.subscript is None and pattern.names(dotted)
                   for pattern in self.by_name.get(dotted.rpartition(".")[2], ()))

    def item(self, dotted: str, key: Scalar) -> bool:
        return any(pattern.subscript is not None and pattern.subscript == key and pattern.names(dotted)
                   for pattern in self.by_name.get(dotted.rpartition(".")[2], ()))


def match_arguments(pattern: Pattern, arguments: Arguments) -> Guards | None:
    guards: set[Guard] = set()
    wanted = [(position, "", value) for position, value in enumerate(pattern.positional)]
    wanted += [(len(arguments.positional), name, value) for name, value in pattern.keywords]
    for position, name, value in wanted:
        if value == "...":
            continue
        found = match_scalar(arguments.get(position, name), value)
        if found is None:
            return None
        guards |= found
    return frozenset(guards)


def match_scalar(value: Value, wanted: Scalar) -> Guards | None:
    if isinstance(wanted, str) and literal(value) == wanted:
        return frozenset()
    if len(value) != 1:
        return None
    atom = next(iter(value))
    if isinstance(atom, Constant) and atom.value == wanted and type(atom.value) is type(wanted):
        return frozenset()
    if isinstance(atom, Symbol) and isinstance(atom.name, str) and not atom.steps:
        return frozenset((Guard(atom.name, "equal", wanted, True),))
    return None


class Decorators:
    """`reader(context.session)`: under @reader, the attribute `session` of the parameter `context` is a handle."""

    def __init__(self, texts: list[str]) -> None:
        self.wanted = [given for text in texts for given in parse_decorator(text)]

    def handles(self, decorators: list[str]) -> list[tuple[str, ...]]:
        """Parameters that are handles, each with the attributes that lead to the handle."""
        return [parts for pattern, parts in self.wanted if any(pattern.names(dotted) for dotted in decorators)]


def parse_decorator(text: str) -> list[tuple[Pattern, tuple[str, ...]]]:
    try:
        node = ast.parse(text, mode="eval").body
        if isinstance(node, ast.Call) and node.args and not node.keywords:
            return [(Pattern(parts_of(node.func)), parts_of(argument)) for argument in node.args]
    except (SyntaxError, ValueError):
        pass
    raise BadPattern(f"not a decorator with the names of its handles: {text!r}")
