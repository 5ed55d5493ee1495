"""The possible values of an expression: a set of atoms, each one possibility.

Atoms represent only what the audit needs: handles, SQL, and what contains them. The parameters of the analysed function
are Symbols, which callers replace with their arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Union

if TYPE_CHECKING:
    from scidex_pg_audit.definitions import Class, Function, Module

READ = "read"
WRITE = "write"
# With more possibilities, the rest becomes unknown.
MOST_ATOMS = 24


class Step(NamedTuple):
    """A place on the path of a handle."""
    file: str
    line: int


class Guard(NamedTuple):
    """A condition of an atom: the value of `symbol` (a parameter, or empty), or the text of an expression."""
    symbol: str
    test: str  # "true", "none", "equal", or the text of an expression
    constant: Union[str, int, float, bool, None]
    holds: bool

    def opposite(self) -> Guard:
        return self._replace(holds=not self.holds)


Path = tuple[Step, ...]
Guards = frozenset[Guard]
NO_GUARDS: Guards = frozenset()


@dataclass(frozen=True, slots=True)
class Unknown:
    """Any value."""


@dataclass(frozen=True, slots=True)
class Constant:
    """None, a number or a boolean."""
    value: Union[int, float, bool, None]
    when: Guards = NO_GUARDS


@dataclass(frozen=True, slots=True)
class Handle:
    """An object that executes SQL or provides such objects: connection, cursor, pool, session, engine."""
    kind: str
    sort: str = ""  # "query": an unfinished ORM query; "row": an object that a query returned
    when: Guards = NO_GUARDS
    path: Path = field(default=(), compare=False)


class Get(NamedTuple):
    """An attribute."""
    name: str


class Invoke(NamedTuple):
    """The result of a call."""
    arguments: "Arguments"


class Item(NamedTuple):
    """An element; any element if `key` is None."""
    key: Union[str, int, None]


class Enter(NamedTuple):
    """The value that `with` binds."""
    sort: str = "with"


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a call; `open` means that there may be more. `star` and `double_star` are the values of *args
    and **kwargs while their contents are unknown."""
    positional: tuple["Value", ...] = ()
    keywords: tuple[tuple[str, "Value"], ...] = ()
    open: bool = False
    star: "Value" = frozenset()
    double_star: "Value" = frozenset()

    def get(self, position: int, keyword: str = "") -> "Value":
        """NOTHING if there is no such argument."""
        if position < len(self.positional):
            return self.positional[position]
        return next((value for name, value in self.keywords if name == keyword), frozenset())

    @property
    def incomplete(self) -> bool:
        return self.open or bool(self.star or self.double_star)

    def behind(self, count: int) -> "Arguments":
        """Without the first `count` positional arguments."""
        return Arguments(self.positional[count:], self.keywords, self.open, self.star, self.double_star)

    def values(self) -> list["Value"]:
        return [*self.positional, *(value for _, value in self.keywords), self.star, self.double_star]

    def map(self, change) -> "Arguments":
        """With `change` applied to every value."""
        return Arguments(tuple(change(value) for value in self.positional),
                         tuple((name, change(value)) for name, value in self.keywords), self.open, change(self.star),
                         change(self.double_star))


Access = Union[Get, Invoke, Item, Enter]


@dataclass(frozen=True, slots=True)
class Pending:
    """A call of something external whose arguments contain Symbols."""
    name: str
    arguments: "Arguments"


@dataclass(frozen=True, slots=True)
class Symbol:
    """A value that only a caller knows: a parameter or a free variable of the analysed function, or a Pending call; or
    the result of applying `steps` to one."""
    name: Union[str, Pending]
    steps: tuple[Access, ...] = ()
    when: Guards = NO_GUARDS
    path: Path = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A string. A piece is a literal, a Symbol, or None for an unknown part."""
    pieces: tuple[Union[str, Symbol, None], ...]
    when: Guards = NO_GUARDS


@dataclass(frozen=True, slots=True)
class Setting:
    """A named value from outside, such as an environment variable."""
    name: str


@dataclass(frozen=True, slots=True)
class Statement:
    """An SQLAlchemy construct; `verb` is empty if it does not write."""
    verb: str
    certain: bool = True
    when: Guards = NO_GUARDS


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement prepared on a handle."""
    handle: "Value"
    sql: "Value"


@dataclass(frozen=True, slots=True)
class FunctionRef:
    """A function of the code base; `bound` holds its receiver and its free variables by name."""
    function: "Function"
    bound: tuple[tuple[str, "Value"], ...] = ()


@dataclass(frozen=True, slots=True)
class ClassRef:
    definition: "Class"


@dataclass(frozen=True, slots=True)
class Instance:
    definition: "Class"
    attributes: tuple[tuple[str, "Value"], ...] = ()


@dataclass(frozen=True, slots=True)
class ModuleRef:
    module: "Module"


@dataclass(frozen=True, slots=True)
class External:
    """A value from outside the code base, by its dotted name as far as known."""
    name: str


@dataclass(frozen=True, slots=True)
class Method:
    """An attribute of an atom that is called rather than read."""
    owner: "Atom"
    name: str


@dataclass(frozen=True, slots=True)
class Super:
    """super() in a method of `definition`."""
    definition: "Class"
    receiver: "Value"


@dataclass(frozen=True, slots=True)
class Factory:
    """Returns `value` when called, like a session maker."""
    value: "Value"


@dataclass(frozen=True, slots=True)
class Partial:
    """A callee with its first arguments."""
    callee: "Value"
    arguments: Arguments


@dataclass(frozen=True, slots=True)
class Injected:
    """The default of a parameter that a framework injects, such as FastAPI's Depends."""
    value: "Value"


@dataclass(frozen=True, slots=True)
class Generator:
    """The result of a generator function, by what it yields."""
    value: "Value"


@dataclass(frozen=True, slots=True)
class Sequence:
    """A tuple or a list; `rest` is the value of possible further items."""
    items: tuple["Value", ...]
    rest: "Value" = frozenset()


@dataclass(frozen=True, slots=True)
class Mapping:
    items: tuple[tuple[str, "Value"], ...]
    rest: "Value" = frozenset()


Atom = Union[Unknown, Constant, Handle, Symbol, Text, Setting, Statement, Prepared, FunctionRef, ClassRef, Instance,
             ModuleRef, External, Method, Super, Factory, Partial, Injected, Generator, Sequence, Mapping]
Value = frozenset[Atom]

NOTHING: Value = frozenset()
UNKNOWN: Value = frozenset((Unknown(),))
NONE: Value = frozenset((Constant(None),))
HOLE: Value = frozenset((Text((None,)),))


def only(atom: Atom) -> Value:
    return frozenset((atom,))


def text(literal: str) -> Value:
    return frozenset((Text((literal,)),))


def join(left: Value, right: Value) -> Value:
    if left == right or not right:
        return left
    if not left:
        return right
    both = left | right
    if len(both) <= MOST_ATOMS:
        return both
    handles = [atom for atom in both if isinstance(atom, (Handle, Symbol))]
    return frozenset(handles[:MOST_ATOMS]) | UNKNOWN


def union(values: list[Value]) -> Value:
    result = NOTHING
    for value in values:
        result = join(result, value)
    return result


def literal(value: Value) -> Union[str, int, float, bool, None]:
    """The string if `value` is exactly one literal; otherwise None."""
    if len(value) == 1:
        atom = next(iter(value))
        if isinstance(atom, Text) and len(atom.pieces) == 1 and isinstance(atom.pieces[0], str):
            return atom.pieces[0]
    return None


def holds_handle(value: Value) -> bool:
    return any(isinstance(atom, Handle) for atom in value)
