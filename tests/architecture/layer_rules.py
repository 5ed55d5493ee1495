"""The rules that the linker does not enforce between the folders of src/.

src/CMakeLists.txt writes the table, one line per layer: NAME|DEPENDS|OPTIONS_OF|EXTERNAL, with lists separated by ";".
"""

import pathlib
import re
from typing import NamedTuple

# Code outside all layers, and the only layer that it may use.
MAIN = "main.cc"
MAIN_USES = "app"
THREADS_LAYER = "base"
SPDLOG_USER = "base/log.cc"

STANDARD = set("""
    algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits
    clocale cmath compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint cstdio
    cstdlib cstring ctime cuchar cwchar cwctype deque exception execution expected filesystem format forward_list
    fstream functional future generator initializer_list iomanip ios iosfwd iostream istream iterator latch limits list
    locale map memory memory_resource mutex new numbers numeric optional ostream print queue random ranges ratio regex
    scoped_allocator semaphore set shared_mutex source_location span spanstream sstream stack stacktrace stdexcept
    stop_token streambuf string string_view syncstream system_error thread tuple type_traits typeindex typeinfo
    unordered_map unordered_set utility valarray variant vector version
""".split())
POSIX = set("""
    aio.h arpa/inet.h assert.h ctype.h dirent.h dlfcn.h endian.h errno.h execinfo.h fcntl.h fnmatch.h getopt.h glob.h
    grp.h ifaddrs.h inttypes.h langinfo.h libgen.h limits.h locale.h malloc.h net/if.h netdb.h netinet/in.h
    netinet/tcp.h poll.h pthread.h pwd.h resolv.h sched.h semaphore.h setjmp.h signal.h spawn.h stdarg.h stddef.h
    stdint.h stdio.h stdlib.h string.h strings.h syslog.h termios.h time.h ucontext.h unistd.h utime.h wordexp.h
""".split())
POSIX_FOLDERS = ("sys/", "linux/", "asm/")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
# A comment, a raw string, a string or a character: everything that is not code.
NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
THREAD = re.compile(r"\bstd\s*::\s*(?:thread|jthread|async)\b(?!\s*::)|\bpthread_create\b|\bthrd_create\b")


class Layer(NamedTuple):
    depends: frozenset
    options_of: frozenset
    external: tuple


class Finding(NamedTuple):
    path: str
    line: int
    problem: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.problem}"


def read_table(text):
    layers = {}
    for line in text.splitlines():
        name, depends, options_of, external = (field.strip() for field in line.split("|"))
        layers[name] = Layer(frozenset(filter(None, depends.split(";"))),
                             frozenset(filter(None, options_of.split(";"))),
                             tuple(filter(None, external.split(";"))))
    return layers


def check(table, src):
    """All findings in the tree `src`, a pathlib.Path."""
    findings = list(check_table(table)) + list(check_folders(table, src))
    for file in sorted(path for suffix in ("*.h", "*.cc") for path in src.rglob(suffix)):
        findings += check_file(table, src, file)
    return findings


def check_table(table):
    for name, layer in table.items():
        for other in sorted((layer.depends | layer.options_of) - table.keys()):
            yield Finding("CMakeLists.txt", 1, f"{name} names the layer {other}, which does not exist")
    done = set()

    def visit(name, path):
        if name in path:
            yield Finding("CMakeLists.txt", 1, "a cycle: " + " -> ".join(path[path.index(name):] + [name]))
        elif name not in done and name in table:
            for other in sorted(table[name].depends | table[name].options_of):
                yield from visit(other, path + [name])
            done.add(name)

    for name in table:
        yield from visit(name, [])


def check_folders(table, src):
    # A program in another language is not a layer.
    folders = {path.name for path in src.iterdir() if path.is_dir() and any(
        file.suffix in (".h", ".cc", ".in") for file in path.rglob("*"))}
    for name in sorted(folders - table.keys()):
        yield Finding(name, 1, "a folder that is no layer of the table")
    for name in sorted(table.keys() - folders):
        yield Finding("CMakeLists.txt", 1, f"the layer {name} has no folder")


def check_file(table, src, file):
    path = file.relative_to(src).as_posix()
    text = file.read_text()
    layer = path.split("/")[0] if "/" in path else None
    if layer is None and path != MAIN:
        return [Finding(path, 1, "a source file outside every layer")]
    findings = []
    includes = [(text.count("\n", 0, match.start()) + 1, match[1] == '"', match[2])
                for match in INCLUDE.finditer(text)]
    for line, quoted, header in includes:
        problem = (judge_own if quoted else judge_foreign)(table, src, path, layer, header)
        if problem:
            findings.append(Finding(path, line, problem))
    own = path.removesuffix(".cc") + ".h"
    if path.endswith(".cc") and (src / own).exists() and (not includes or includes[0][2] != own):
        findings.append(Finding(path, includes[0][0] if includes else 1, f"its own header {own} must come first"))
    if layer != THREADS_LAYER:
        findings += (Finding(path, line, f"{name} outside {THREADS_LAYER}") for line, name in threads_in(text))
    return findings


def judge_own(table, src, path, layer, header):
    """The problem with #include "header" in a file of `layer` (None: main), or None."""
    if layer and "/" not in header and (src / layer / (header + ".in")).exists():
        return None
    if not (src / header).exists() or "/" not in header or ".." in header:
        return f'"{header}" is not rooted at src/'
    target = header.split("/")[0]
    if target == layer:
        return None
    if layer is None:
        return None if target == MAIN_USES else f'main may use {MAIN_USES} alone, not "{header}"'
    rules = table.get(layer)
    if rules is None or target in rules.depends:
        return None
    if target in rules.options_of:
        return None if header == f"{target}/options.h" else f'{layer} may include {target}/options.h alone, not "{header}"'
    return f'{layer} may not include {target} ("{header}")'


def judge_foreign(table, src, path, layer, header):
    """The problem with #include <header> in a file of `layer` (None: main), or None."""
    if header in STANDARD or header in POSIX or header.startswith(POSIX_FOLDERS):
        return None
    if (src / header).exists():
        return f'<{header}> is our own: "{header}"'
    if header.startswith("spdlog") and path != SPDLOG_USER:
        return f"<{header}>: {SPDLOG_USER} is the only user of spdlog"
    if layer in table and header.startswith(table[layer].external):
        return None
    return f"{layer or MAIN} may not include the third-party header <{header}>"


def threads_in(text):
    """Line and name of every use of a raw thread in the code, except in comments and strings."""
    code = NOT_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    for match in THREAD.finditer(code):
        yield code.count("\n", 0, match.start()) + 1, match[0]


def check_tree(table_file, src):
    return check(read_table(pathlib.Path(table_file).read_text()), pathlib.Path(src))
