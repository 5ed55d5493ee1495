"""image_test.py IMAGE.tar AGAIN.tar: the image runs as a restricted pod would run it, contains no shell, and is
reproducible."""

import filecmp
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tarfile
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import documents  # noqa: E402  # of the folder above
import servers  # noqa: E402

IMAGE, AGAIN = sys.argv[1:]
OWN_MOUNTS = pathlib.Path(__file__).resolve().parent / "own_mounts"
SHARED_NAMESPACES = ("network", "cgroup", "user")


def restrict(configuration, flags, variables):
    """The configuration of a bundle with Kubernetes' restricted profile, in this machine's network."""
    process, linux = configuration["process"], configuration["linux"]
    process |= {"terminal": False, "noNewPrivileges": True, "args": process["args"] + flags}
    process["env"] += [f"{name}={value}" for name, value in variables.items()]
    process["capabilities"] = {kind: [] for kind in ("bounding", "effective", "inheritable", "permitted", "ambient")}
    configuration["root"]["readonly"] = True
    linux["namespaces"] = [space for space in linux["namespaces"] if space["type"] not in SHARED_NAMESPACES]
    for key in ("resources", "uidMappings", "gidMappings"):
        linux.pop(key, None)
    configuration["mounts"] = [mount for mount in configuration["mounts"] if mount["type"] != "cgroup"]


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="scidex-image-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        with tarfile.open(IMAGE) as archive:
            archive.extractall(cls.folder / "layout")
        cls.bundle = cls.folder / "bundle"
        subprocess.run(["umoci", "unpack", "--image", f"{cls.folder / 'layout'}:latest", str(cls.bundle)], check=True,
                       capture_output=True)
        cls.root = cls.bundle / "rootfs"
        cls.path = cls.bundle / "config.json"
        cls.configuration = json.loads(cls.path.read_text())

    def run_image(self, *flags, **variables):
        configuration = json.loads(json.dumps(self.configuration))
        restrict(configuration, list(flags), variables)
        self.path.write_text(json.dumps(configuration))
        name = f"scidex-{os.getpid()}-{servers.free_port()}"
        log = self.folder / "log"
        process = servers.start(self.addCleanup, [
            str(OWN_MOUNTS), "crun", f"--root={self.folder / 'crun'}", "--cgroup-manager=disabled", "run",
            f"--bundle={self.bundle}", name], log)
        # crun passes the signal on, and ends with the exporter. If it were killed before, the exporter would keep running.
        self.addCleanup(process.wait, timeout=servers.DEADLINE_SECONDS)
        self.addCleanup(process.terminate)
        return process, log

    def test_serves_with_a_read_only_root_and_no_capability(self):
        port = servers.free_port()
        process, log = self.run_image(f"--web.listen-address=127.0.0.1:{port}",
                                      SCIDEX_PG_DSN="host=127.0.0.1 port=1 dbname=shop user=app")

        def scraped():
            if process.poll() is not None:
                raise AssertionError(f"it ended: {log.read_text(errors='replace')}")
            return servers.fetch(f"http://127.0.0.1:{port}/metrics").decode()
        text = servers.poll("scrape", scraped, log)
        self.assertRegex(text, r"(?m)^scidex_pg_pool_ro_routes_to [123]$")

    def test_commands_of_the_documents_run_what_is_tested_here(self):
        """Those of docs/operations.md need a registry and a daemon: their arguments are compared with what stands for them."""
        copy, run = documents.marked("docs/operations.md", "packaging/image_test.py")
        program, copies, archive, registry = shlex.split(copy)
        self.assertEqual((program, copies), ("skopeo", "copy"))
        self.assertTrue(IMAGE.endswith("/" + archive.removeprefix("oci-archive:")), archive)
        *flags, name = shlex.split(run)
        self.assertEqual(f"docker://{name}", registry)
        # restrict() has the first two; the port is the default, and the variables those that the program reads.
        self.assertEqual(flags, ["docker", "run", "--read-only", "--cap-drop=ALL", "-p", "19187:19187",
                                 "-e", "SCIDEX_PG_DSN", "-e", "SCIDEX_PG_RO_DSN"])

    def test_knows_its_version(self):
        process, log = self.run_image("--version")
        self.assertEqual(process.wait(timeout=servers.DEADLINE_SECONDS), 0, log.read_text())
        self.assertIn("scidex_pg_exporter ", log.read_text())

    def test_user_is_numeric_and_may_write_no_file(self):
        self.assertEqual(self.configuration["process"]["user"]["uid"], 65532)
        for path in self.root.rglob("*"):
            if not path.is_symlink() and path != self.root / "tmp":
                self.assertEqual((path.stat().st_uid, path.stat().st_mode & 0o022), (0, 0), path)

    def test_has_no_shell_and_no_program_but_one(self):
        programs = [path for path in self.root.rglob("*") if path.is_file() and path.stat().st_mode & 0o111
                    and ".so" not in path.name]
        self.assertEqual([str(path.relative_to(self.root)) for path in programs], ["usr/bin/scidex_pg_exporter"])

    def test_has_authorities_and_time_zones(self):
        self.assertIn("BEGIN CERTIFICATE", (self.root / "etc/ssl/certs/ca-certificates.crt").read_text())
        self.assertTrue((self.root / "usr/share/zoneinfo/Europe/Berlin").is_file())

    def test_has_labels_and_a_health_check(self):
        blobs = self.folder / "layout/blobs/sha256"
        index = json.loads((self.folder / "layout/index.json").read_text())
        manifest = json.loads((blobs / index["manifests"][0]["digest"].split(":")[1]).read_text())
        config = json.loads((blobs / manifest["config"]["digest"].split(":")[1]).read_text())["config"]
        for label in ("title", "description", "version", "revision", "licenses"):
            self.assertTrue(config["Labels"].get(f"org.opencontainers.image.{label}"), label)
        self.assertEqual(config["User"], "65532:65532")
        self.assertEqual(config["Healthcheck"]["Test"], ["CMD", "/usr/bin/scidex_pg_exporter", "--probe.ready"])

    def test_is_reproducible(self):
        self.assertTrue(filecmp.cmp(IMAGE, AGAIN, shallow=False))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
