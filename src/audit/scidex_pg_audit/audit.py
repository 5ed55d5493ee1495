"""The complete audit, from paths to findings."""

from __future__ import annotations

import gc
import sys
import threading
from dataclasses import dataclass, field

from scidex_pg_audit import discovery, router, source_files
from scidex_pg_audit.analysis import Analysis
from scidex_pg_audit.configuration import Configuration
from scidex_pg_audit.definitions import Module
from scidex_pg_audit.findings import Finding
from scidex_pg_audit.judging import Judge
from scidex_pg_audit.modules import CodeBase
from scidex_pg_audit.relevance import interesting, relevant
from scidex_pg_audit.source_files import Unreadable

# The recursion is as deep as the nesting of the audited code.
DEEPEST = 20_000
STACK = 512 * 1024 * 1024


@dataclass(slots=True)
class Report:
    findings: list[Finding] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    files: int = 0
    lines: int = 0
    allows: dict[str, dict[int, str]] = field(default_factory=dict)


def audit(paths: list[str], configuration: Configuration, strict: bool = False) -> Report:
    """Runs in its own thread, which has a larger stack."""
    result: list[Report | BaseException] = []

    def work() -> None:
        try:
            result.append(audit_here(paths, configuration, strict))
        except BaseException as error:
            result.append(error)

    before = threading.stack_size(STACK)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(DEEPEST)
    try:
        thread = threading.Thread(target=work, name="audit")
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
        sys.setrecursionlimit(limit)
    if isinstance(result[0], BaseException):
        raise result[0]
    return result[0]


def audit_here(paths: list[str], configuration: Configuration, strict: bool) -> Report:
    # Syntax trees have no cycles, so collecting garbage among their millions of nodes would be useless.
    gc.disable()
    try:
        return audited(paths, configuration, strict)
    finally:
        gc.enable()


def audited(paths: list[str], configuration: Configuration, strict: bool) -> Report:
    report = Report()
    modules: list[Module] = []
    for source in discovery.sources(paths, configuration.exclude):
        parsed = source_files.parse(source)
        report.files += 1
        if isinstance(parsed, Unreadable):
            report.unreadable.append(parsed)
        else:
            modules.append(parsed)
    analysis = Analysis(configuration, CodeBase(modules), interesting(modules, configuration.sinks))
    effects = analysis.effects(relevant(modules, configuration, analysis.exposes))
    routed = any(router.decides_writes(module, configuration.aliases) for module in modules)
    judge = Judge(configuration, strict, [text for module in modules for text in module.prepares], routed)
    report.findings = judge.findings(effects)
    report.unreadable += [Unreadable(function.module.file, getattr(function.node, "lineno", 0),
                                     f"{function.qualname}: {reason}") for function, reason in analysis.failed.items()]
    report.allows = {module.file: module.allows for module in modules if module.allows}
    return report
