"""Modules, classes and functions of the code base, collected in one walk over each syntax tree."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Union

FunctionNode = Union[ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.Module]


@dataclass(eq=False, slots=True)
class Unit:
    """A function, or a statement outside all functions: the names and short strings in it, and the names by which other
    code can reach its values."""
    mentions: set[str] = field(default_factory=set)
    exports: set[str] = field(default_factory=set)


@dataclass(eq=False, slots=True)
class Module:
    """One file. `names` are the dotted names by which an import may refer to it, longest first."""
    file: str
    names: tuple[str, ...]
    tree: ast.Module
    is_package: bool = False
    functions: dict[int, "Function"] = field(default_factory=dict)
    classes: dict[int, "Class"] = field(default_factory=dict)
    body: "Function" = field(init=False)
    units: list[Unit] = field(default_factory=list)  # statements outside all functions
    prepares: list[str] = field(default_factory=list)  # literals that prepare statements
    allows: dict[int, str] = field(default_factory=dict)  # reasons of allow comments, by line
    # Functions that assign a global of this name.
    global_writers: dict[str, list["Function"]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.names[0]


@dataclass(eq=False, slots=True)
class Class:
    name: str
    qualname: str
    node: ast.ClassDef
    module: Module
    outer: "Function"
    methods: dict[str, "Function"] = field(default_factory=dict)
    # Methods that assign self.NAME.
    attribute_writers: dict[str, list["Function"]] = field(default_factory=dict)
    fields: list[str] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Function:
    """A function, a lambda, or the body of a module."""
    name: str
    qualname: str
    node: FunctionNode
    module: Module
    outer: "Function | None" = None
    owner: Class | None = None
    sort: str = "plain"  # or static, class, property
    parameters: list[str] = field(default_factory=list)
    positional: int = 0
    vararg: str = ""
    kwarg: str = ""
    defaults: dict[str, ast.expr] = field(default_factory=dict)
    annotations: dict[str, ast.expr] = field(default_factory=dict)
    decorators: list[str] = field(default_factory=list)  # their names, with their owners
    locals: dict[str, int] = field(default_factory=dict)  # number of assignments of each
    loads: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)  # names that are called, without their owners
    references: dict[str, int] = field(default_factory=dict)  # number of reads of each name
    direct_calls: dict[str, int] = field(default_factory=dict)  # number of direct calls of each name
    nested: list["Function"] = field(default_factory=list)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)
    unit: Unit = field(default_factory=Unit)
    is_generator: bool = False
    decorated: bool = False

    @property
    def self_name(self) -> str:
        """The name of the receiver; empty if there is none."""
        if self.owner is None or self.sort == "static" or not self.parameters or not self.positional:
            return ""
        return self.parameters[0]

    def is_local(self, name: str) -> bool:
        return name in self.locals and name not in self.globals and name not in self.nonlocals

    def enclosing(self, name: str) -> "Function | None":
        """The enclosing function that owns the variable `name`."""
        outer = self.outer
        while outer is not None and outer.outer is not None:
            if outer.is_local(name):
                return outer
            outer = outer.outer
        return None

    def free_names(self) -> frozenset[str]:
        """Variables of enclosing functions that this function, or one inside it, uses."""
        wanted = set(self.loads)
        for inner in self.nested:
            wanted |= inner.free_names()
        return frozenset(name for name in wanted if not self.is_local(name) and self.enclosing(name))
