"""The command line."""

from __future__ import annotations

import argparse
import pathlib
import sys

from scidex_pg_audit import allowing, baseline, configuration
from scidex_pg_audit.audit import Report, audit
from scidex_pg_audit.findings import Finding
from scidex_pg_audit.output import as_json, sarif, text
from scidex_pg_audit.sql import tree

CLEAN, FOUND, FAILED = 0, 1, 2
EPILOG = """exit status: 0 no findings, 1 findings, 2 could not run.
The comment "# scidex-pg-audit: allow REASON" allows the findings of its line."""


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        prog="scidex-pg-audit", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Finds writes through read handles in Python code, such as an UPDATE on the result of get_db_ro().")
    result.add_argument("paths", metavar="PATH", nargs="+", help="files, and folders whose Python files are audited")
    result.add_argument("--config", type=pathlib.Path, metavar="FILE",
                        help=f"names of handles and methods (default: {configuration.FILE_NAME} here, if it exists)")
    result.add_argument("--format", choices=("text", "json", "sarif"), default="text", help="(default: %(default)s)")
    result.add_argument("--output", type=pathlib.Path, metavar="FILE", help="output file (default: standard output)")
    result.add_argument("--strict", action="store_true", help="also report unknown SQL, as UNKNOWN; fail if a file "
                        "cannot be read or parsed")
    result.add_argument("--certain", action="store_true", help="omit possible findings")
    result.add_argument("--baseline", type=pathlib.Path, metavar="FILE", help="omit the findings in this file")
    result.add_argument("--write-baseline", type=pathlib.Path, metavar="FILE",
                        help="write all findings to this file, and report none")
    return result


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        return run(options)
    except (configuration.BadConfiguration, baseline.BadBaseline) as error:
        return failed(str(error))
    except FileNotFoundError as error:
        return failed(f"{error.filename or error}: no such file or folder")
    except BrokenPipeError:
        return FAILED
    except OSError as error:
        return failed(str(error))


def failed(text_: str) -> int:
    print(f"scidex-pg-audit: {text_}", file=sys.stderr)
    return FAILED


def run(options: argparse.Namespace) -> int:
    known = baseline.read(options.baseline) if options.baseline else set()
    if not tree.AVAILABLE:
        warn("the Python module pglast is missing; SQL is judged only by its first verb")
    report = audit(options.paths, configuration.load(config_file(options.config)), options.strict)
    for problem in report.unreadable:
        warn(str(problem))
    findings, problems = allowing.split(report.findings, report.allows)
    for problem_text in problems:
        warn(problem_text)
    if options.certain:
        findings = [finding for finding in findings if finding.certainty == "certain"]
    if options.write_baseline:
        baseline.write(options.write_baseline, findings)
        warn(f"{options.write_baseline}: {counted(len(findings), 'finding')}")
        return CLEAN
    if options.baseline:
        findings, gone = baseline.new(findings, known)
        if gone:
            warn(f"{options.baseline}: {counted(gone, 'finding')} no longer found; write the file again to remove them")
    write(options, findings, report)
    if options.strict and report.unreadable:
        return FAILED
    return FOUND if findings else CLEAN


def config_file(given: pathlib.Path | None) -> pathlib.Path | None:
    default = pathlib.Path(configuration.FILE_NAME)
    return given or (default if default.exists() else None)


def write(options: argparse.Namespace, findings: list[Finding], report: Report) -> None:
    if options.format == "json":
        document = as_json.document(findings) + "\n"
    elif options.format == "sarif":
        document = sarif.document(findings, report.unreadable) + "\n"
    else:
        document = "".join(line + "\n" for line in text.lines(findings))
    if options.output:
        options.output.write_text(document, encoding="utf-8", errors="replace")
    else:
        sys.stdout.buffer.write(document.encode("utf-8", "replace"))
        sys.stdout.buffer.flush()
    if options.format == "text":
        certain = sum(finding.certainty == "certain" for finding in findings)
        warn(f"{counted(report.files, 'file')}, {counted(certain, 'certain finding')}, "
             f"{counted(len(findings) - certain, 'possible one')}")


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def warn(line: str) -> None:
    print(f"scidex-pg-audit: {line}", file=sys.stderr)
