"""configuration_reference.py FILE [VALUES]: writes the reference of docs/configuration.md from FILE, the commented file of all
keys, and VALUES, which has a line "KEY: its valid values" for keys whose values are a range or a list.

Each key of the first level is a heading. Keys of its parts that have the same name and comment share a row.
"""

import itertools
import pathlib
import sys

import configuration_page


def in_a_cell(text):
    for character in "|*<":
        text = text.replace(character, "\\" + character)
    return text


def split(comment):
    """The comment as a paragraph, and the example in it."""
    parts = list(configuration_page.parts(comment))
    text = " ".join(line for example, lines in parts if not example for line in lines)
    return text, [line for example, lines in parts if example for line in lines]


def common(values):
    """One value if all are the same, otherwise each."""
    return ", ".join(f"`{value}`" for value in (values[:1] if len(set(values)) == 1 else values))


def rows(keys):
    """(names, defaults, comment) of each row, in the order of the file."""
    found = {}
    for name, default, comment in keys:
        if default is not None:
            names, defaults = found.setdefault((name.rpartition(".")[2], tuple(comment)), ([], []))
            names.append(name)
            defaults.append(default)
    for (_, comment), (names, defaults) in found.items():
        yield names, defaults, comment


def valid(names, values):
    return ", ".join(dict.fromkeys(values[name] for name in names if name in values))


def section(name, keys, values):
    yield f"### {name}\n"
    for part, default, comment in keys:
        if default is None and comment:
            text = split(comment)[0]
            yield f"{text}\n" if part == name else f"- `{part}`: {text}"
    examples = []
    yield "\n| key | default | values | meaning |\n|---|---|---|---|"
    for names, defaults, comment in rows(keys):
        text, example = split(comment)
        examples += example
        yield (f"| {'<br>'.join(f'`{name}`' for name in names)} | {common(defaults)} | {valid(names, values)} | "
               f"{in_a_cell(text)} |")
    if examples:
        yield "\n".join(["\n```yaml", *examples, "```"])
    yield ""


def reference(path, values=None):
    allowed = dict(line.split(": ", 1) for line in values.read_text(encoding="utf-8").splitlines()) if values else {}
    (_, _, head), *keys = configuration_page.keys(path.read_text(encoding="utf-8").splitlines())
    lines = (line for name, group in itertools.groupby(keys, lambda key: key[0].partition(".")[0])
             for line in section(name, list(group), allowed))
    return "\n".join([split(head)[0], "", *lines]).replace("\n\n\n", "\n\n")


if __name__ == "__main__":
    sys.stdout.write(reference(*map(pathlib.Path, sys.argv[1:])))
