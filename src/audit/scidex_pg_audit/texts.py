"""Strings as a program composes them; unknown parts become holes."""

import itertools
import re
import string

from scidex_pg_audit.values import HOLE, UNKNOWN, NO_GUARDS, Constant, Sequence, Symbol, Text, Value, join, only

Piece = str | Symbol | None
MOST_TEXTS = 12
MOST_PIECES = 60
LONGEST_PIECE = 200_000
PERCENT = re.compile(r"%(?:\((\w+)\))?[-#0 +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?[hlL]?([a-zA-Z%])")


def is_text(value: Value) -> bool:
    return any(isinstance(atom, Text) for atom in value)


def alternatives(value: Value) -> list[Text]:
    """The texts that `value` can be within a longer string."""
    texts: list[Text] = []
    for atom in value:
        if isinstance(atom, Text):
            texts.append(atom)
        elif isinstance(atom, Symbol):
            texts.append(Text((atom,)))
        elif isinstance(atom, Constant) and atom.value is not None:
            texts.append(Text((str(atom.value),)))
        else:
            texts.append(Text((None,)))
    return texts or [Text((None,))]


def packed(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Joins adjacent literals, and adjacent holes."""
    result: list[Piece] = []
    for piece in pieces:
        if piece == "":
            continue
        if result and isinstance(piece, str) and isinstance(result[-1], str):
            result[-1] += piece
        elif piece is not None or not result or result[-1] is not None:
            result.append(piece)
    return tuple(result[:MOST_PIECES]) or ("",)


def concatenated(values: list[Value]) -> Value:
    """All possible concatenations of the values."""
    choices = [alternatives(value) for value in values]
    combinations = 1
    for choice in choices:
        combinations *= len(choice)
    if combinations > MOST_TEXTS:
        choices = [choice if len(choice) == 1 else [Text((None,))] for choice in choices]
    result = set()
    for combination in itertools.product(*choices):
        guards = frozenset().union(*(one.when for one in combination)) if combination else NO_GUARDS
        if any(guard.opposite() in guards for guard in guards):
            continue
        result.add(Text(packed([piece for one in combination for piece in one.pieces]), guards))
    return frozenset(result)


def formatted(template: Text, positional: list[Value], keywords: dict[str, Value]) -> Value:
    """template.format(...)."""
    parts: list[Value] = []
    automatic = itertools.count()
    for piece in template.pieces:
        if not isinstance(piece, str):
            parts.append(only(Text((piece,))))
            continue
        try:
            fields = list(string.Formatter().parse(piece))
        except ValueError:
            return only(Text(packed([piece, None]), template.when))
        for before, name, _, _ in fields:
            parts.append(only(Text((before,))))
            if name is not None:
                parts.append(field_value(name, automatic, positional, keywords))
    return concatenated(parts)


def field_value(name: str, automatic, positional: list[Value], keywords: dict[str, Value]) -> Value:
    if name == "":
        name = str(next(automatic))
    if name.isdigit():
        return positional[int(name)] if int(name) < len(positional) else HOLE
    return keywords.get(name, HOLE)


def percent(template: Text, arguments: Value) -> Value:
    """template % arguments."""
    values: list[Value] = [arguments]
    if len(arguments) == 1:
        atom = next(iter(arguments))
        if isinstance(atom, Sequence):
            values = list(atom.items)
    parts: list[Value] = []
    used = 0
    for piece in template.pieces:
        if not isinstance(piece, str):
            parts.append(only(Text((piece,))))
            continue
        position = 0
        for match in PERCENT.finditer(piece):
            parts.append(only(Text((piece[position:match.start()],))))
            position = match.end()
            if match[2] == "%":
                parts.append(only(Text(("%",))))
            elif match[1] or used >= len(values):
                parts.append(HOLE)
            else:
                parts.append(values[used])
                used += 1
        parts.append(only(Text((piece[position:],))))
    return concatenated(parts)


def joined(separator: Value, elements: Value) -> Value:
    """separator.join(elements)."""
    result: Value = frozenset()
    for atom in elements:
        if not isinstance(atom, Sequence):
            return HOLE
        parts: list[Value] = []
        for item in atom.items:
            parts += [separator, item] if parts else [item]
        if atom.rest:
            parts += [separator, HOLE] if parts else [HOLE]
        result = join(result, concatenated(parts) if parts else only(Text(("",))))
    return result or HOLE


SAME = frozenset("""strip lstrip rstrip upper lower expandtabs encode decode title capitalize casefold as_string
    bindparams columns execution_options""".split())


def method(owner: Text, name: str, positional: list[Value], keywords: dict[str, Value]) -> Value:
    """A method of a string, or of psycopg's SQL, whose methods have the same names."""
    if name == "format":
        return formatted(owner, positional, keywords)
    if name == "join" and positional:
        return joined(only(owner), positional[0])
    if name in SAME:
        return only(owner)
    if name == "replace" and len(positional) >= 2:
        return replaced(owner, positional[0], positional[1])
    return UNKNOWN


def replaced(owner: Text, old: Value, new: Value) -> Value:
    before, after = alternatives(old), alternatives(new)
    if len(before) != 1 or len(before[0].pieces) != 1 or not isinstance(before[0].pieces[0], str) or len(after) != 1:
        return only(owner)
    pattern, pieces = before[0].pieces[0], []
    for piece in owner.pieces:
        parts = piece.split(pattern) if isinstance(piece, str) and pattern else [piece]
        for position, part in enumerate(parts):
            pieces += [*(after[0].pieces if position else ()), part]
    return only(Text(packed(pieces), owner.when))
