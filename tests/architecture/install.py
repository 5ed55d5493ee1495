"""install.py CMAKE BUILD: `cmake --install` puts the files where packages and documents expect them, and the installed
program runs."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

CMAKE, BUILD = sys.argv[1:]
ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = {
    "bin/scidex_pg_exporter",
    "share/doc/scidex-pg-exporter/CHANGELOG.md",
    "share/doc/scidex-pg-exporter/LICENSE",
    "share/doc/scidex-pg-exporter/README.md",
    "share/doc/scidex-pg-exporter/SECURITY.md",
    "share/doc/scidex-pg-exporter/examples/exporter.minimal.yaml",
    "share/doc/scidex-pg-exporter/examples/exporter.yaml",
    *(f"share/doc/scidex-pg-exporter/docs/{path.relative_to(ROOT / 'docs')}" for path in (ROOT / "docs").rglob("*.*")
      if "dashboards" not in path.parts[len(ROOT.parts):]),
}


def files_of(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def data():
    for folder in ("alerts", "dashboards/json", "dashboards/provisioning"):
        for name in files_of(ROOT / folder):
            yield f"share/scidex-pg-exporter/{folder}/{name}"


class Install(unittest.TestCase):
    def install(self, component):
        folder = tempfile.TemporaryDirectory(prefix="scidex-install-")
        self.addCleanup(folder.cleanup)
        environment = {name: value for name, value in os.environ.items() if name != "DESTDIR"}
        subprocess.run([CMAKE, "--install", BUILD, "--prefix", folder.name, "--component", component], check=True,
                       capture_output=True, env=environment)
        return pathlib.Path(folder.name)

    def test_program_is_installed_with_its_documents_and_examples(self):
        folder = self.install("exporter")
        self.assertEqual(files_of(folder), PROGRAM)
        said = subprocess.run([folder / "bin/scidex_pg_exporter", "--version"], check=True, capture_output=True, text=True)
        self.assertTrue(said.stdout.startswith("scidex_pg_exporter "), said.stdout)

    def test_program_names_sources_relative_to_their_tree(self):
        """Otherwise, builds in another directory or without ccache differ."""
        program = (self.install("exporter") / "bin/scidex_pg_exporter").read_bytes()
        self.assertIn(b"src/pool", program)
        self.assertNotIn(b"../src", program)
        self.assertNotIn(os.fsencode(ROOT / "src"), program)

    def test_data_is_what_other_machines_need(self):
        self.assertEqual(files_of(self.install("data")), set(data()))

    def test_no_file_belongs_to_neither_component(self):
        self.assertEqual(files_of(self.install("Unspecified")), set())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
