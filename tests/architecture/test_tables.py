"""test_tables.py TESTS [FILE...]: each row of a table of tests names tests, and each of those exists.

A table of tests is one whose header's last cell is "tests", in any README.md below the folder TESTS and in each FILE. A test is
named in one of these forms:

    Suite.Name                      a GoogleTest of any program
    program, program: Suite[.Name]  a program of GoogleTests: unit/LAYER is LAYER_test, integration/NAME.cc is NAME
    folder: file.py[: Class[.name]] a test in Python
"""

import pathlib
import re
import sys

TEST = re.compile(r"^\s*TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", re.MULTILINE)
PYTHON = re.compile(r"^class (\w+)|^    def (test_\w+)", re.MULTILINE)
NAME = re.compile(r"`([^`]*)`")


def names_in_source(file):
    program = f"{file.parent.name}_test" if file.parent.parent.name == "unit" else file.stem
    for suite, name in TEST.findall(file.read_text()):
        yield from (f"{suite}.{name}", program, f"{program}: {suite}", f"{program}: {suite}.{name}")


def names_in_script(file):
    program = f"{file.parent.name}: {file.name}"
    latest = ""
    for suite, name in PYTHON.findall(file.read_text()):
        latest = suite or latest
        yield from (program, f"{program}: {latest}")
        if name:
            yield f"{program}: {latest}.{name}"


def names_of_tests(folder):
    def files(pattern):
        return (file for file in folder.rglob(pattern) if not {"node_modules", "corpus"} & set(file.relative_to(folder).parts))
    return {name for file in files("*.cc") for name in names_in_source(file)} | {
        name for file in files("*.py") for name in names_in_script(file)}


def problems_of(text, tests):
    """Line and problem for every row that promises what is not there; a file without a table is one problem."""
    inside, tables = False, 0
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            inside = False
        elif cells[-1] == "tests":
            inside, tables = True, tables + 1
        elif inside and set(cells[-1]) - set("-: "):
            names = NAME.findall(cells[-1])
            if not names:
                yield number, f"no test for: {cells[0]}"
            for name in names:
                if name not in tests:
                    yield number, f"there is no test {name}"
    if not tables:
        yield 1, "no table of tests"


def check(folder, more=()):
    tests = names_of_tests(folder)
    for file in [*sorted(folder.rglob("README.md")), *more]:
        if "node_modules" in file.parts:
            continue
        for line, problem in problems_of(file.read_text(), tests):
            name = file.relative_to(folder) if file.is_relative_to(folder) else file.name
            yield f"{name}:{line}: {problem}"


if __name__ == "__main__":
    found = list(check(pathlib.Path(sys.argv[1]), map(pathlib.Path, sys.argv[2:])))
    print("\n".join(found))
    sys.exit(1 if found else 0)
