#!/usr/bin/env python3
"""Every command of a runbook can be pasted: it runs unchanged, against a real exporter, primary and replica.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter runbook_commands.py
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import exporter  # noqa: E402
import postgres  # noqa: E402
import servers  # noqa: E402

RUNBOOKS = sorted((ROOT / "alerts" / "runbooks").glob("*.md"))
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:psql|pg_isready|getent|curl|jq) [^`]*)`")
# Words of jq itself.
JQ = {"map_values", "select", "sort_by"}
CONFIGURATION = """
primary: {{dsn: {primary}}}
replica: {{dsn: {replica}}}
query_sets: [replication]
"""


def fences(language):
    """Every (runbook, block) in this language."""
    for file in RUNBOOKS:
        for match in FENCE.finditer(file.read_text()):
            if match[2] == language:
                yield file.stem, textwrap.dedent(match[3])


def commands():
    """Every (runbook, shell command), from blocks and inline code."""
    for runbook, block in fences(""):
        for command in block.replace("\\\n", " ").splitlines():
            yield runbook, command
    for file in RUNBOOKS:
        for command in INLINE.findall(FENCE.sub("", file.read_text())):
            yield file.stem, command


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="scidex-runbooks-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.primary, cls.replica = postgres.start_primary_and_replica(cls.addClassCleanup)
        config = cls.folder / "exporter.yaml"
        config.write_text(CONFIGURATION.format(primary=cls.primary.dsn, replica=cls.replica.dsn))
        cls.exporter = exporter.Exporter(cls.addClassCleanup, cls.folder, f"--config.file={config}")
        cls.exporter.start()
        (cls.folder / "prometheus.yml").write_text("scrape_configs: []\n")

    def pasted(self, command):
        for name, value in (("INSTANCE", self.exporter.address), ("REPLICA", "127.0.0.1"), ("PRIMARY", "127.0.0.1"),
                            ("PORT", str(self.replica.port)), ("/etc/prometheus", str(self.folder))):
            command = command.replace(name, value)
        return command

    def test_every_shell_command_succeeds_and_says_something(self):
        environment = exporter.environment(DSN=self.primary.dsn, RO_DSN=self.replica.dsn, PGCONNECT_TIMEOUT=str(servers.DEADLINE_SECONDS))
        for runbook, command in commands():
            with self.subTest(runbook=runbook, command=command):
                done = subprocess.run(["bash", "-o", "pipefail", "-c", self.pasted(command)], capture_output=True,
                                      stdin=subprocess.DEVNULL, text=True, timeout=servers.DEADLINE_SECONDS, env=environment)
                self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
                self.assertTrue(done.stdout.strip())

    def test_every_key_that_jq_is_asked_for_is_there(self):
        keys = set(re.findall(r'"(\w+)":', servers.fetch(f"{self.exporter.url}api/v1/pools").decode()))
        for runbook, command in commands():
            for program in re.findall(r"\| jq (?:'([^']*)'|(\S+))", command):
                with self.subTest(runbook=runbook, program="".join(program)):
                    self.assertLessEqual(set(re.findall(r"[a-z]\w+", "".join(program))) - JQ, keys)

    def test_slices_of_transitions_take_the_latest(self):
        """They are listed oldest first."""
        slices = [(runbook, part) for runbook, command in commands() for part in re.findall(r"\.transitions\[([^]]*)\]", command)]
        self.assertTrue(slices)
        for runbook, part in slices:
            with self.subTest(runbook=runbook):
                self.assertRegex(part, r"^-\d+:$")

    def test_every_log_line_to_search_for_is_written(self):
        sources = "".join(file.read_text() for file in (ROOT / "src").glob("**/*.cc"))
        lines = [(file.stem, " ".join(line.split())) for file in RUNBOOKS
                 for line in re.findall(r"search\s+for\s+`([^`]+)`", file.read_text())]
        self.assertTrue(lines)
        for runbook, line in lines:
            with self.subTest(runbook=runbook, line=line):
                self.assertIn(line, sources)

    def test_every_promql_is_understood(self):
        rules = self.folder / "rules.json"  # JSON is YAML
        for runbook, block in fences("promql"):
            with self.subTest(runbook=runbook, promql=block):
                rules.write_text(json.dumps({"groups": [{"name": "g", "rules": [{"record": "r", "expr": block}]}]}))
                check = subprocess.run(["promtool", "check", "rules", str(rules)], capture_output=True, text=True,
                                       timeout=servers.DEADLINE_SECONDS)
                self.assertEqual(check.returncode, 0, check.stderr)

    def test_there_are_commands_and_queries(self):
        self.assertGreater(len(list(commands())), len(RUNBOOKS))
        self.assertGreater(len(list(fences("promql"))), 10)


if __name__ == "__main__":
    unittest.main()
