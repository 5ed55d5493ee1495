"""test_tables.py TESTS: each row of a table of tests names tests, and each of them exists.

A table of tests is a table whose last header cell is "tests", in any README.md below the folder TESTS.
"""

import pathlib
import re
import sys

TEST = re.compile(r"^\s*TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", re.MULTILINE)
NAME = re.compile(r"`([^`]*)`")


def names_of_tests(folder):
    return {f"{suite}.{name}" for file in folder.rglob("*.cc") for suite, name in TEST.findall(file.read_text())}


def problems_of(text, tests):
    """Line and problem of every row without an existing test; a file without a table is one problem."""
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


def check(folder):
    tests = names_of_tests(folder)
    for file in sorted(folder.rglob("README.md")):
        if "node_modules" in file.parts:
            continue
        for line, problem in problems_of(file.read_text(), tests):
            yield f"{file.relative_to(folder)}:{line}: {problem}"


if __name__ == "__main__":
    found = list(check(pathlib.Path(sys.argv[1])))
    print("\n".join(found))
    sys.exit(1 if found else 0)
