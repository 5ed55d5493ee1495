"""Analyses a whole code base: summarises each function, then determines its effects for unknown callers."""

from __future__ import annotations

import ast

from scidex_pg_audit import binding, replay
from scidex_pg_audit.annotations import annotated
from scidex_pg_audit.classes import bases
from scidex_pg_audit.collector import collect
from scidex_pg_audit.configuration import Configuration
from scidex_pg_audit.definitions import Class, Function, Module
from scidex_pg_audit.effects import Effect, Summary, symbols
from scidex_pg_audit.exposure import exposes
from scidex_pg_audit.expressions import evaluate
from scidex_pg_audit.frame import Environment, Frame
from scidex_pg_audit.heap import Heap
from scidex_pg_audit.modules import CodeBase
from scidex_pg_audit.statements import run
from scidex_pg_audit.values import (NOTHING, READ, UNKNOWN, ClassRef, FunctionRef, Get, Handle, Instance, Path, Step,
                                    Symbol, Value, holds_handle, join, only)

# How often everything is analysed again because a function read something before another one stored it.
MOST_ROUNDS = 3
DEEPEST_CHAIN = 60


class Analysis:
    def __init__(self, configuration: Configuration, code_base: CodeBase, interesting: frozenset[str]) -> None:
        self.configuration = configuration
        self.code_base = code_base
        # Names of methods and functions that may eventually write.
        self.interesting = interesting
        self.heap = Heap()
        self.summaries: dict[Function, Summary] = {}
        self.previous: dict[Function, Summary] = {}
        self.running: dict[Function, Frame] = {}
        self.entering: Function | None = None
        self.users: dict[Function, set[Function]] = {}
        self.recursive: set[Function] = set()
        self.environments: dict[Module, Environment] = {}
        self.class_bodies: dict[Class, Environment] = {}
        self.constructed: dict[tuple[Class, str], Value] = {}
        self.cache: dict[object, Value] = {}
        self.memory: dict[object, Value] = {}
        self.base_cache: dict[Class, list[Class]] = {}
        self.known_subclasses: dict[Class, list[Class]] | None = None
        # The statement being analysed, at which the paths of handles known by name begin.
        self.here: Path = ()
        # The class of objects that come from outside the code base.
        self.foreign = foreign_class()
        # Functions that are nested too deeply to analyse.
        self.failed: dict[Function, str] = {}

    def effects(self, functions: list[Function]) -> list[Effect]:
        """All effects of `functions` on known handles."""
        found: dict[Function, dict[Effect, None]] = {}
        again = list(functions)
        for _ in range(MOST_ROUNDS):
            self.summarise(functions)
            for function in again:
                found[function] = self.entered(function)
            stale = self.with_users(self.heap.outdated)
            if not stale:
                break
            self.heap.outdated.clear()
            self.forget(stale)
            again = [function for function in functions if function in stale]
        return list({effect: None for function in functions for effect in found[function]})

    def summarise(self, functions: list[Function]) -> None:
        for function in functions:
            self.summary(function)
        # Recursive calls used empty summaries; now there are previous ones.
        stale = self.with_users(self.recursive)
        self.recursive.clear()
        self.memory.clear()
        self.previous = {function: self.summaries.pop(function) for function in stale if function in self.summaries}
        for function in functions:
            self.summary(function)

    def with_users(self, functions: set[Function]) -> set[Function]:
        """`functions`, and all functions that directly or indirectly used their summaries."""
        found = set(functions)
        waiting = list(found)
        while waiting:
            for user in self.users.get(waiting.pop(), ()):
                if user not in found:
                    found.add(user)
                    waiting.append(user)
        return found

    def exposes(self, function: Function) -> bool:
        return exposes(function, self.summary(function))

    def forget(self, stale: set[Function]) -> None:
        for function in stale:
            self.summaries.pop(function, None)
            if function is function.module.body:
                self.environments.pop(function.module, None)
        for definition in [one for one in self.class_bodies if one.outer in stale]:
            del self.class_bodies[definition]
        self.cache.clear()
        self.memory.clear()

    def user(self) -> Function | None:
        """The function on whose behalf a value is requested."""
        return next(reversed(self.running)) if self.running else self.entering

    def loaded(self, key: tuple[object, str]) -> Value:
        return self.heap.load(key, self.user())

    def summary(self, function: Function) -> Summary:
        user = self.user()
        if user is not None and user is not function:
            self.users.setdefault(function, set()).add(user)
        known = self.summaries.get(function)
        if known is not None:
            return known
        if function in self.running or len(self.running) > DEEPEST_CHAIN:
            chain = list(self.running)
            self.recursive.update(chain[chain.index(function):] if function in self.running else chain)
            return self.previous.get(function) or Summary()
        return self.computed(function)

    def computed(self, function: Function) -> Summary:
        here, frame = self.here, Frame(self, function)
        self.running[function] = frame
        try:
            run(frame)
        except RecursionError:
            self.failed[function] = "nested too deeply"
        finally:
            del self.running[function]
            self.here = here
        frame.summary.effects = list(frame.effects)
        frame.summary.symbolic = [effect for effect in frame.effects if is_symbolic(effect)]
        if function is function.module.body:
            self.environments[function.module] = frame.environment or {}
        self.summaries[function] = frame.summary
        return frame.summary

    def entered(self, function: Function) -> dict[Effect, None]:
        """The effects of a function with an unknown caller."""
        self.entering = function
        effects = self.summary(function).effects
        frame = Frame(self, function)
        if effects and not called_directly_alone(function):
            receivers: list[Value] = [NOTHING]
            if function.self_name and function.sort != "class":
                receivers += [only(Instance(one)) for one in self.heirs(function)]
            bindings = binding.entry(self, function)
            for receiver in receivers:
                if receiver:
                    bindings = bindings | {function.self_name: receiver}
                for effect in effects:
                    if receiver and not overridden(effect, function.self_name, receiver):
                        continue
                    try:
                        replay.replayed(frame, effect, bindings, ())
                    except RecursionError:
                        self.failed[function] = "calls nested too deeply"
        self.entering = None
        return frame.effects

    def heirs(self, function: Function) -> list[Class]:
        """Subclasses that inherit a method but may override other methods that it calls."""
        assert function.owner is not None
        return [one for one in self.subclasses().get(function.owner, ()) if function.name not in one.methods]

    def subclasses(self) -> dict[Class, list[Class]]:
        if self.known_subclasses is None:
            self.known_subclasses = {}
            for module in self.code_base.modules:
                for definition in module.classes.values():
                    for base in list(bases(Frame(self, module.body), definition))[1:]:
                        self.known_subclasses.setdefault(base, []).append(definition)
        return self.known_subclasses

    # Queries by other parts of the analysis.

    def evaluated(self, module: Module, node: ast.expr, function: Function | None = None) -> Value:
        """The value of an expression at the top level of a module."""
        frame = Frame(self, module.body)
        if function is None:
            self.summary(module.body)
        frame.environment = {}
        frame.muted = 1
        value = evaluate(frame, node)
        return frozenset(atom for atom in value if not symbols(only(atom))) or UNKNOWN

    def default(self, function: Function, name: str) -> Value:
        key = (function, "default", name)
        if key not in self.cache:
            self.cache[key] = UNKNOWN
            here, self.here = self.here, ()
            self.cache[key] = self.evaluated(function.module, function.defaults[name])
            self.here = here
        return self.cache[key]

    def annotated(self, function: Function, name: str) -> Value:
        key = (function, "annotation", name)
        if key not in self.cache:
            self.cache[key] = UNKNOWN
            self.cache[key] = annotated(self, function.module, function.annotations[name])
        return self.cache[key]

    def is_handle(self, value: Value) -> bool:
        return holds_handle(value)

    def receiver(self, function: Function) -> Value:
        assert function.owner is not None
        if function.sort == "class":
            return only(ClassRef(function.owner))
        attributes = []
        for (definition, name), value in self.constructed.items():
            if definition is function.owner and all(isinstance(atom, Handle) and atom.kind == "read" for atom in value):
                attributes.append((name, value))
        return only(Instance(function.owner, tuple(sorted(attributes, key=lambda pair: pair[0]))))

    def holder(self, function: Function, attributes: list[str]) -> Value:
        """A read handle, or an object that has it as its attribute."""
        value = only(Handle(READ, path=(Step(function.module.file, getattr(function.node, "lineno", 0)),)))
        for name in reversed(attributes):
            value = only(Instance(self.foreign, ((name, value),)))
        return value

    def enclosing_bindings(self, function: Function, bindings: dict[str, Value]) -> dict[str, Value]:
        """The possible values of variables of enclosing functions when `function` is called."""
        found: dict[str, Value] = {}
        for name in function.free_names():
            outer = function.enclosing(name)
            if outer is not None and name not in bindings:
                value = self.summary(outer).assigned.get(name, NOTHING)
                frame = Frame(self, outer)
                own = replay.substituted(frame, value, binding.entry(self, outer)) if symbols(value) else value
                if name in outer.parameters:
                    own = join(own, binding.entry(self, outer).get(name, UNKNOWN))
                found[name] = own or UNKNOWN
        return found

    def global_value(self, module: Module, name: str) -> Value | None:
        """The value of a module's variable; None if there is none."""
        for writer in module.global_writers.get(name, ()):
            if writer not in self.running:
                self.summary(writer)
        if module.body not in self.running:
            self.summary(module.body)
        running = self.running.get(module.body)
        environment = (running.environment if running else self.environments.get(module)) or {}
        value = join(environment.get(name, NOTHING), self.loaded((module.file, name)))
        return value or self.definition(module, name)

    def definition(self, module: Module, name: str) -> Value | None:
        """A function or class that the module has not defined yet at this point."""
        for function in module.body.nested:
            if function.name == name and function.owner is None:
                return only(FunctionRef(function))
        for definition in module.classes.values():
            if definition.qualname == name:
                return only(ClassRef(definition))
        return None

    def class_body(self, definition: Class, name: str) -> Value:
        """The value of a name in the body of a class, or assigned to the class."""
        if definition not in self.class_bodies and definition.outer not in self.running:
            self.summary(definition.outer)
        value = self.class_bodies.get(definition, {}).get(name, NOTHING)
        if not value and name in definition.methods:
            value = only(FunctionRef(definition.methods[name]))
        return join(value, self.loaded((definition, name)))

    def stored_attribute(self, definition: Class, name: str) -> Value:
        """The values that methods of a class store in an attribute of their object, for unknown callers."""
        key = (definition, "stored", name)
        user = self.user()
        if key in self.cache and user is not None:
            for writer in definition.attribute_writers.get(name, ()):
                self.users.setdefault(writer, set()).add(user)
        if key not in self.cache:
            self.cache[key] = NOTHING
            value = NOTHING
            for writer in definition.attribute_writers.get(name, ()):
                stored = self.summary(writer).stores.get(name, NOTHING)
                if symbols(stored):
                    stored = replay.substituted(Frame(self, writer), stored, binding.entry(self, writer))
                value = join(value, stored)
            if self.running:
                # Summaries may be incomplete, so the value is not cached.
                del self.cache[key]
                return value
            self.cache[key] = value
        return self.cache[key]

    def direct_bases(self, definition: Class) -> list[Class]:
        if definition not in self.base_cache:
            self.base_cache[definition] = []
            found = [atom.definition for node in definition.node.bases
                     for atom in self.evaluated(definition.module, node, definition.outer)
                     if isinstance(atom, ClassRef)]
            self.base_cache[definition] = found
        return self.base_cache[definition]

    def note_construction(self, definition: Class, attributes: dict[str, Value]) -> None:
        for name, value in attributes.items():
            key = (definition, name)
            self.constructed[key] = join(self.constructed.get(key, NOTHING), value or UNKNOWN)


def foreign_class() -> Class:
    module = Module("", ("",), ast.Module([], []))
    collect(module)
    return Class("", "", ast.ClassDef("", [], [], [], []), module, module.body)


def overridden(effect: Effect, self_name: str, receiver: Value) -> bool:
    """Whether an effect calls a method that the class of `receiver` overrides."""
    methods = set().union(*(atom.definition.methods for atom in receiver if isinstance(atom, Instance)))
    return any(isinstance(atom, Symbol) and atom.name == self_name and atom.steps and isinstance(atom.steps[0], Get)
               and atom.steps[0].name in methods for atom in effect.callee)


def is_symbolic(effect: Effect) -> bool:
    return bool(symbols(effect.callee)) or any(symbols(value) for value in effect.arguments.positional[:1]) or any(
        symbols(value) for _, value in effect.arguments.keywords)


def called_directly_alone(function: Function) -> bool:
    """Whether all uses of an inner function are calls, which show its arguments."""
    outer = function.outer
    if outer is None or outer.outer is None or function.owner is not None or function.decorated:
        return False
    if function.name == "<lambda>":
        return False
    references = outer.references.get(function.name, 0)
    return references > 0 and references == outer.direct_calls.get(function.name, 0)
