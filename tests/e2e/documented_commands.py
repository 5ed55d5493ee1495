#!/usr/bin/env python3
"""Every command of a document works: each block for a shell is run as it stands, in a folder like this repository, with a real
exporter, primary and replica; SQL runs on that primary; examples of configuration are checked by the program that reads them.

SUBSTITUTIONS replaces addresses and paths of the documents. A block that needs root, an installed package, a registry or a
cluster names the test that runs it, in a comment directly above: "<!-- test: packaging/cases/first_steps.sh -->" (a path below
tests/), or "<!-- test: .ci/run -->" if it contains only jobs of ./dev. alerts/runbook_commands.py runs the commands of runbooks.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter documented_commands.py
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "architecture")]
import documents  # noqa: E402
import exporter  # noqa: E402
import job_rules  # noqa: E402
import replicated  # noqa: E402
import servers  # noqa: E402

AUDIT = ROOT / "src" / "audit" / "scidex-pg-audit"
SHELL = ("sh", "console")
# Other languages. A block without a language fails, because it might be for a shell.
OTHERS = ("cpp", "ini", "promql", "python", "sql", "text", "toml", "yaml")
# What a document may run; a block with anything else fails, and is not run.
PROGRAMS = {"./dev", "./set-links", "build/release/bin/scidex_pg_exporter", "curl", "install", "scidex-pg-audit",
            "scidex_pg_exporter", "src/audit/scidex-pg-audit"}
# Text of a document, and its replacement.
SUBSTITUTIONS = (
    ("localhost:19187", "{scraped}"),
    ("postgresql://app@db1/shop", "{primary}"),
    ("postgresql://app@db2/shop", "{replica}"),
    ("/etc/grafana", "{folder}/etc/grafana"),
    ("/etc/prometheus", "{folder}/etc/prometheus"),
    ("/usr/share/scidex-pg-exporter", "{folder}/usr/share/scidex-pg-exporter"),
    ("/var/lib/prometheus/node-exporter", "{folder}/var/lib/prometheus/node-exporter"),
    # The default port is in use, and a busy machine exceeds the default timeout.
    ("./dev run", "./dev run --web.listen-address={free}"),
    ("--config.file=config/exporter.yaml", "--config.file=config/exporter.yaml --web.listen-address={free}"),
    ("--once", "--once --once.timeout=1h"),
)
# Commands that run until they are stopped, and the URL or the file that shows that they work.
STAYS = (("./dev run", "http://{free}/-/ready?route=replica"),
         ("--config.file=config/exporter.yaml", "http://{free}/-/healthy"),
         ("--textfile.path=", "{folder}/var/lib/prometheus/node-exporter/scidex-pg-pool.prom"))
# The program that checks a block of YAML, by the block's first line.
CHECKERS = {"# exporter.yaml": ["scidex_pg_exporter", "--config.check", "--config.file={file}"],
            "# prometheus.yml": ["promtool", "check", "config", "{file}"]}
# Flags of other programs.
FOREIGN_FLAGS = {"--collector.textfile.directory"}
ABSOLUTE = re.compile(r"""(?<![\w.:/~-])/[a-z][^\s'"]*""")


def all_blocks():
    """Of every document but the runbooks."""
    for path in documents.documents():
        name = str(path.relative_to(ROOT))
        if not name.startswith("alerts/runbooks/"):
            yield from documents.blocks(name)


def problem_of(block, jobs):
    """Why a block is run neither here nor by the test that it names; otherwise None."""
    if block.language in OTHERS:
        return None
    if block.language not in SHELL:
        return f"is neither for a shell nor one of {', '.join(OTHERS)}"
    if block.mark == ".ci/run":
        wrong = [command for command, _ in documents.commands(block)
                 if not (found := re.match(r"\./dev ([a-z-]+)", command)) or found[1] not in jobs]
        return f".ci/run does not run: {wrong}" if wrong else None
    if block.mark:
        test = ROOT / "tests" / block.mark
        name = pathlib.PurePath(block.document).name
        if not test.is_file() or name not in test.read_text(encoding="utf-8"):
            return f"tests/{block.mark} does not read {name}"
        return None
    for command, _ in documents.commands(block):
        words = [word for word in command.split() if not re.match(r"[A-Z_]+=", word)]
        if words[0] not in PROGRAMS:
            return f"has a command that this test does not know: {command}"
    return None


def link_to(program, link):
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(program)


class Repository:
    """A folder like this repository after a build, in which the commands run."""

    def __init__(self, folder, primary, replica):
        self.folder = folder
        program = pathlib.Path(os.environ["SCIDEX_EXPORTER"]).resolve()
        (folder / "exporter.yaml").write_text(f"primary: {{dsn: {primary}}}\nreplica: {{dsn: {replica}}}\n")
        for target, names in ((program, ("bin/scidex_pg_exporter", "build/release/bin/scidex_pg_exporter")),
                              (AUDIT, ("bin/scidex-pg-audit", "src/audit/scidex-pg-audit"))):
            for name in names:
                link_to(target, folder / name)
        (folder / "src" / "page.py").write_text("def page():\n    return get_db_ro().execute('SELECT 1')\n")
        (folder / "packaging").symlink_to(ROOT / "packaging")
        for name in ("config", "alerts", "dashboards/json", "dashboards/provisioning"):
            shutil.copytree(ROOT / name, folder / name)
        for name in ("etc/prometheus/rules", "etc/grafana/provisioning", "usr/share/scidex-pg-exporter/alerts",
                     "var/lib/prometheus/node-exporter"):
            (folder / name).mkdir(parents=True)
        shutil.copy(ROOT / "alerts" / "scidex-pg-pool.rules.yml", folder / "usr/share/scidex-pg-exporter/alerts")
        # The real one, except that it installs and builds nothing.
        text = (ROOT / "dev").read_text(encoding="utf-8")
        functions, case, jobs = text.rpartition("\ncase ${1:-} in\n")
        assert case, "./dev has changed"
        (folder / "dev").write_text(f"{functions}\nneed_packages() {{ :; }}\nbuild_exporter() {{ :; }}\n{case}{jobs}")
        (folder / "dev").chmod(0o755)

    def directory_of(self, block):
        """That of its document; for those in docs/, the repository."""
        folder = pathlib.PurePath(block.document).parent
        return self.folder if str(folder).startswith("docs") else self.folder / folder


class Commands(replicated.ReplicatedTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="scidex-documents-")))
        (cls.folder / "running").mkdir()
        patient = cls.folder / "running" / "exporter.yaml"
        patient.write_text("probe: {timeout: 1h}\nread_only: {max_lag: 0s}\n")
        cls.exporter = exporter.Exporter(cls.addClassCleanup, cls.folder / "running", f"--config.file={patient}",
                                         SCIDEX_PG_DSN=cls.primary.dsn, SCIDEX_PG_RO_DSN=cls.replica.dsn)
        cls.exporter.start()
        servers.poll("route to the replica", lambda: servers.fetch(f"{cls.exporter.url}-/ready?route=replica"))

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="scidex-documents-", dir=self.folder)
        self.addCleanup(folder.cleanup)
        self.repository = Repository(pathlib.Path(folder.name), self.primary.dsn, self.replica.dsn)
        path = f"{self.repository.folder}/bin:{os.environ['PATH']}"
        self.environment = exporter.environment(PATH=path, HOME=folder.name, TMPDIR=folder.name, PGHOST=folder.name)
        self.values = {"scraped": self.exporter.address, "folder": folder.name,
                       "primary": f"postgresql://postgres@127.0.0.1:{self.primary.port}/postgres",
                       "replica": f"postgresql://postgres@127.0.0.1:{self.replica.port}/postgres"}

    def substituted(self, text):
        """The text with this test's addresses and paths, and a new free port."""
        self.values["free"] = f"127.0.0.1:{servers.free_port()}"
        for written, meant in SUBSTITUTIONS:
            text = re.sub(rf"{re.escape(written)}(?![\w.-])", lambda _, meant=meant: meant.format(**self.values), text)
        return text

    def run_to_end(self, command, directory):
        return subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=directory, env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=servers.DEADLINE_SECONDS)

    def run_until_it_serves(self, command, sign, directory):
        """Stops it once the sign, a URL or a path, is there."""
        log = self.repository.folder / "log"
        process = servers.start(self.addCleanup, ["bash", "-c", f'cd "{directory}"; exec env {command}'], log, self.environment)
        served = (lambda: servers.fetch(sign)) if sign.startswith("http") else pathlib.Path(sign).exists
        servers.poll_of(process, sign, served, log)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=servers.DEADLINE_SECONDS), 0, log.read_text(errors="replace"))

    def test_every_block_for_a_shell_works(self):
        done = 0
        for block in all_blocks():
            if block.language not in SHELL or block.mark or problem_of(block, ()):
                continue
            for written, comment in documents.commands(block):
                with self.subTest(block=str(block), command=written):
                    done += 1
                    self.check_command(written, comment, self.repository.directory_of(block))
        self.assertGreater(done, 8)

    def check_command(self, written, comment, directory):
        command = self.substituted(written)
        for path in ABSOLUTE.findall(command):
            self.assertTrue(path.startswith(str(self.repository.folder)), f"{path} is not one of this test")
        for stays, sign in STAYS:
            if stays in written:
                self.run_until_it_serves(command, sign.format(**self.values), directory)
                return
        done = self.run_to_end(command, directory)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        # A comment that looks like a series shows what the command prints.
        if re.fullmatch(r"[a-z_]+ \d+", comment):
            self.assertIn(comment, done.stdout.splitlines())

    def test_every_block_of_sql_works(self):
        found = [block for block in all_blocks() if block.language == "sql"]
        self.assertTrue(found)
        for block in found:
            with self.subTest(block=str(block)):
                self.primary.sql(block.text)

    def test_every_example_of_a_configuration_is_accepted(self):
        found = [block for block in all_blocks() if block.language == "yaml" and block.text.splitlines()[0] in CHECKERS]
        self.assertGreater(len(found), 3)
        shutil.copy(ROOT / "alerts" / "scidex-pg-pool.rules.yml", self.repository.folder / "etc" / "prometheus" / "rules")
        for block in found:
            with self.subTest(block=str(block)):
                file = self.repository.folder / "example.yaml"
                file.write_text(self.substituted(block.text))
                command = [word.format(file=file) for word in CHECKERS[block.text.splitlines()[0]]]
                done = subprocess.run(command, env=self.environment, capture_output=True, text=True,
                                      timeout=servers.DEADLINE_SECONDS)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Documents(unittest.TestCase):
    def test_every_block_is_run_here_or_by_the_test_that_it_names(self):
        jobs = job_rules.run(ROOT / ".ci" / "run").started
        for block in all_blocks():
            with self.subTest(block=str(block)):
                self.assertIsNone(problem_of(block, jobs))

    def test_each_problem_of_a_block_is_noticed(self):
        def problem(language, text, mark=""):
            return problem_of(documents.Block("docs/operations.md", 1, language, mark, text), ["run", "test"])

        for good in (("yaml", "a: b"), ("sh", "A=b curl -s localhost:19187/metrics"), ("sh", "./dev test\n./dev run", ".ci/run"),
                     ("sh", "docker run", "packaging/image_test.py")):
            self.assertIsNone(problem(*good), good)
        for bad in (("", "curl x"), ("bash", "curl x"), ("sh", "apt install x"), ("sh", "curl x\nrm -r x"),
                    ("sh", "./dev fly", ".ci/run"), ("sh", "curl x", ".ci/run"), ("sh", "docker run", "packaging/none.py"),
                    ("sh", "docker run", "packaging/completion_test.py")):
            self.assertIsNotNone(problem(*bad), bad)

    def test_every_job_of_dev_that_a_document_names_is_one(self):
        shown = subprocess.run([ROOT / "dev", "help"], check=True, capture_output=True, text=True).stdout
        listed = set(re.findall(r"^  ([a-z-]+)", shown, re.MULTILINE))
        named = {(path.name, job) for path in documents.documents()
                 for job in re.findall(r"\./dev ([a-z-]+)", path.read_text(encoding="utf-8"))}
        self.assertGreater(len(named), 20)
        self.assertEqual({(name, job) for name, job in named if job not in listed}, set())

    def test_every_flag_that_a_document_names_is_one_of_the_exporter(self):
        help_text = subprocess.run([os.environ["SCIDEX_EXPORTER"], "--help"], check=True, capture_output=True,
                                   text=True).stdout
        flags = set(re.findall(r"--[a-z][a-z.-]*", help_text)) | FOREIGN_FLAGS
        named = {(path.name, flag.rstrip(".")) for path in documents.documents() if path.name != "CHANGELOG.md"
                 for flag in re.findall(r"(?<![\w-])--[a-z]+\.[a-z.-]*", path.read_text(encoding="utf-8"))}
        self.assertGreater(len(named), 10)
        self.assertEqual({(name, flag) for name, flag in named if flag not in flags}, set())

    def test_every_flag_of_the_audit_in_its_document_is_one(self):
        help_text = subprocess.run([AUDIT, "--help"], check=True, capture_output=True, text=True).stdout
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")))
        self.assertGreater(len(named), 5)
        self.assertLessEqual(named - {"--help"}, set(re.findall(r"--[a-z][a-z-]*", help_text)))


if __name__ == "__main__":
    unittest.main()
