"""Functions outside the code base that matter for handles and SQL, by their names."""

from __future__ import annotations

import dataclasses

from scidex_pg_audit import access, calls
from scidex_pg_audit.effects import Effect, symbols_of_arguments
from scidex_pg_audit.frame import Frame
from scidex_pg_audit.texts import concatenated
from scidex_pg_audit.values import (HOLE, NOTHING, READ, UNKNOWN, WRITE, Arguments, ClassRef, Factory, FunctionRef,
                                    Generator, Handle, Injected, Partial, Pending, Sequence, Setting, Statement,
                                    Symbol, Text, Value, join, literal, only, text)

# Return their argument, as far as the audit is concerned.
SAME = frozenset("""text SQL TextClause RawSQL raw literal_sql dedent cleandoc str closing aclosing nullcontext cast
    copy deepcopy run wait_for shield create_task ensure_future enter_context enter_async_context push_async_exit
    sync_to_async async_to_sync run_until_complete assert_type asynccontextmanager contextmanager cache lru_cache
    staticmethod classmethod as_completed""".split())
ELEMENT = frozenset(("next", "anext", "gather", "iter", "aiter", "list", "tuple", "sorted", "reversed", "set"))
# Functions that call one of their arguments with those after it; the number is its position.
CALLERS = {"to_thread": 0, "run_in_threadpool": 0, "submit": 0, "run_in_executor": 1, "call_soon": 0,
           "call_later": 1, "apply_async": 0, "run_sync": 0, "start_soon": 0, "add_task": 0, "spawn": 0, "defer": 0}
STATEMENTS = {"insert": "INSERT", "update": "UPDATE", "delete": "DELETE", "CreateTable": "CREATE TABLE",
              "DropTable": "DROP TABLE", "CreateIndex": "CREATE INDEX", "DropIndex": "DROP INDEX", "DDL": "DDL",
              "CreateSchema": "CREATE SCHEMA", "DropSchema": "DROP SCHEMA", "select": "", "Select": "", "union": "",
              "union_all": "", "exists": ""}
ENVIRONMENT = frozenset(("getenv", "get", "config", "env", "str"))
ORM_WRITES = {"save": "UPDATE", "asave": "UPDATE"}
ALIAS_METHODS = frozenset(("using", "db_manager", "using_bind"))


def call(frame: Frame, name: str, effect: Effect) -> Value:
    """A call of something external."""
    last, arguments = name.rpartition(".")[2], effect.arguments
    configuration = frame.analysis.configuration
    if sink(frame, [name], effect):
        return UNKNOWN
    called = caller(frame, [name], effect)
    if called is not None:
        return called
    chosen = using(frame, last, arguments) or by_using_keyword(frame, name, last, effect)
    if chosen:
        return chosen
    if last in configuration.open or last in configuration.wrap or last in configuration.factories:
        return opened(frame, last, effect)
    if last in STATEMENTS:
        return statement(last, arguments)
    if last == "partial" and arguments.positional:
        return only(Partial(arguments.positional[0], arguments.behind(1)))
    if last in ("Depends", "Security"):
        return injected(frame, arguments, effect)
    if last in ENVIRONMENT and (wanted := literal(arguments.get(0))) in configuration.dsns:
        return only(Setting(str(wanted)))
    if last in SAME and arguments.positional:
        return arguments.positional[0]
    if last in ELEMENT and arguments.positional:
        return elements(frame, last, arguments)
    return composed(frame, last, arguments)


def composed(frame: Frame, last: str, arguments: Arguments) -> Value:
    """psycopg.sql and getattr."""
    if last == "Identifier":
        return text('"name"')
    if last in ("Literal", "Placeholder"):
        return text("%s")
    if last == "Composed" and arguments.positional:
        pieces = [list(atom.items) for atom in arguments.positional[0] if isinstance(atom, Sequence)]
        return concatenated(pieces[0]) if pieces else HOLE
    if last == "getattr" and len(arguments.positional) >= 2 and (name := literal(arguments.positional[1])):
        return access.attribute(frame, arguments.positional[0], name)
    return UNKNOWN


def elements(frame: Frame, last: str, arguments: Arguments) -> Value:
    if last == "gather":
        return only(Sequence(arguments.positional))
    if last in ("next", "anext"):
        return access.item(frame, arguments.positional[0], None)
    return arguments.positional[0]


def statement(last: str, arguments: Arguments) -> Value:
    """An SQLAlchemy construct; a SELECT of a statement that writes also writes."""
    inner = [atom for value in arguments.values() for atom in value if isinstance(atom, Statement) and atom.verb]
    verb = STATEMENTS[last]
    return only(inner[0] if inner and not verb else Statement(verb))


def injected(frame: Frame, arguments: Arguments, effect: Effect) -> Value:
    """FastAPI's Depends: the value that the dependency returns or yields."""
    dependency = arguments.get(0, "dependency")
    given = calls.perform(frame, dataclasses.replace(effect, callee=dependency, arguments=Arguments()))
    value = NOTHING
    for atom in given:
        value = join(value, atom.value if isinstance(atom, Generator) else only(atom))
    return only(Injected(value or UNKNOWN))


def opened(frame: Frame, last: str, effect: Effect) -> Value:
    """A connection, pool, engine or session, according to the DSN or handle among its arguments."""
    configuration, arguments = frame.analysis.configuration, effect.arguments
    if symbols_of_arguments(arguments):
        return only(Symbol(Pending(last, arguments)))
    found = Handle(WRITE, path=calls.step_of(effect))
    for value in arguments.values():
        for atom in value:
            if isinstance(atom, Handle):
                found = dataclasses.replace(atom, path=atom.path + calls.step_of(effect))
            elif isinstance(atom, Factory):
                found = next((one for one in atom.value if isinstance(one, Handle)), found)
            elif last in configuration.open and names_replica(configuration.dsns, atom):
                found = Handle(READ, path=calls.step_of(effect))
    return only(Factory(only(found))) if last in configuration.factories else only(found)


def names_replica(dsns: frozenset[str], atom: object) -> bool:
    if isinstance(atom, Setting):
        return atom.name in dsns
    pieces = [piece for piece in atom.pieces if isinstance(piece, str)] if isinstance(atom, Text) else []
    return any(dsn in piece for piece in pieces for dsn in dsns)


def using(frame: Frame, last: str, arguments: Arguments) -> Value:
    """Django's queryset.using("replica"); otherwise NOTHING."""
    if last not in ALIAS_METHODS:
        return NOTHING
    value = arguments.get(0, "alias") or arguments.get(0, "using")
    if symbols_of_arguments(arguments):
        return only(Symbol(Pending(last, arguments)))
    return only(Handle(READ, "query", path=frame.analysis.here)) if is_alias(frame, value) else NOTHING


def is_alias(frame: Frame, value: Value) -> bool:
    aliases = frame.analysis.configuration.aliases
    return literal(value) in aliases or (
        len(value) == 1 and all(isinstance(atom, Setting) and atom.name in aliases for atom in value))


def by_using_keyword(frame: Frame, name: str, last: str, effect: Effect) -> Value:
    """instance.save(using="replica")."""
    value = dict(effect.arguments.keywords).get("using", NOTHING)
    verbs = frame.analysis.configuration.query_writes
    verb = ORM_WRITES.get(last) or (verbs[last].verb if last in verbs else "")
    if not value or not verb or "." not in name or not is_alias(frame, value):
        return NOTHING
    handle = only(Handle(READ, path=calls.step_of(effect)))
    execute(frame, handle, only(Statement(verb)), effect)
    return UNKNOWN


def execute(frame: Frame, handle: Value, sql: Value, effect: Effect) -> None:
    """Executes `sql` with `handle`."""
    callee = access.attribute(frame, handle, "execute")
    calls.perform(frame, dataclasses.replace(effect, callee=callee, arguments=Arguments((sql,))))


def sink(frame: Frame, names: list[str], effect: Effect) -> bool:
    """A function that executes SQL with a handle among its arguments."""
    for name in names:
        entry = frame.analysis.configuration.execute_functions.get(name.rpartition(".")[2])
        if entry is None:
            continue
        handle = effect.arguments.get(entry.handle, entry.keyword)
        if not any(isinstance(atom, (Handle, Symbol)) for atom in handle):
            return False
        sql = only(Statement(entry.verb)) if entry.verb else effect.arguments.get(entry.sql, "sql") or UNKNOWN
        execute(frame, handle, sql, effect)
        return True
    return False


def caller(frame: Frame, names: list[str], effect: Effect) -> Value | None:
    """A function that calls one of its arguments; otherwise None."""
    arguments = effect.arguments
    for name in names:
        last = name.rpartition(".")[2]
        if last in CALLERS and len(arguments.positional) > CALLERS[last]:
            function = arguments.positional[CALLERS[last]]
            if any(isinstance(atom, (FunctionRef, Partial, Symbol, ClassRef)) or not isinstance(atom, Text)
                   for atom in function):
                return calls.perform(frame, dataclasses.replace(
                    effect, callee=function, arguments=arguments.behind(CALLERS[last] + 1)))
        keywords = dict(arguments.keywords)
        if last in ("Thread", "Process", "Timer") and "target" in keywords:
            passed = [atom.items for atom in keywords.get("args", NOTHING) if isinstance(atom, Sequence)]
            return calls.perform(frame, dataclasses.replace(
                effect, callee=keywords["target"], arguments=Arguments(passed[0] if passed else ())))
    return None
