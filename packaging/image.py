"""image.py PACKAGE.deb OUT.tar: makes an OCI image of the program in the package, as an archive of an image layout.

The image contains the program, its shared libraries, CA certificates, time zones and two users, but no shell, and no file
that its user may write. The libraries are those of this machine, which must have the Debian release of the package. The
same package on the same machine gives the same bytes.
"""

import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import time

PROGRAM = "/usr/bin/scidex_pg_exporter"
USER = 65532
MOST_BYTES = 30 * 1024 * 1024
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
ZONES = "/usr/share/zoneinfo"
# Copies of zones with leap seconds, and tables for other programs.
NOT_ZONES = re.compile(r"^(right|posix)(/|$)|^posixrules$|\.(tab|zi|list)$|^leapseconds$|^leap-seconds")
TEXTS = {
    "/etc/passwd": "root:x:0:0::/:/sbin/nologin\nnonroot:x:65532:65532::/:/sbin/nologin\n",
    "/etc/group": "root:x:0:\nnonroot:x:65532:\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
LINKS = {
    "/usr/lib/ssl/cert.pem": CERTIFICATES,
    "/usr/lib/ssl/certs": "/etc/ssl/certs",
    "/etc/localtime": f"{ZONES}/Etc/UTC",
}


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def libraries(program):
    """The paths of the shared libraries that the program needs, including the loader."""
    for line in output_of("ldd", program).splitlines():
        found = re.search(r"(?:=> |^\t)(/\S+) \(0x", line)
        if found:
            yield found[1]
        elif "not found" in line:
            raise SystemExit(f"{program} was built for another release than this machine's: {line.strip()}")


def packages(paths):
    """Names of the installed packages that own these files."""
    for path in paths:
        real = os.path.realpath(path)
        for name in (real, real.removeprefix("/usr")):
            owner = subprocess.run(["dpkg-query", "--search", name], capture_output=True, text=True)
            if owner.returncode == 0:
                yield owner.stdout.split(":")[0]
                break


class Layer:
    """A tar archive whose bytes depend only on what is added to it."""

    def __init__(self, seconds):
        self.seconds, self.entries = seconds, {}

    def add(self, path, data=b"", mode=0o644, link=None):
        for parent in reversed(pathlib.PurePosixPath(path).parents):
            if str(parent) != "/" and str(parent) not in self.entries:
                self.entries[str(parent)] = (None, 0o755, None)
        self.entries[path] = (data, mode, link)

    def add_file(self, path, mode=0o644):
        self.add(path, pathlib.Path(path).read_bytes(), mode)

    def bytes(self):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for path, (data, mode, link) in sorted(self.entries.items()):
                entry = tarfile.TarInfo(path.lstrip("/"))
                entry.mode, entry.mtime = mode, self.seconds
                if link is not None:
                    entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, link, 0o777
                elif data is None:
                    entry.type = tarfile.DIRTYPE
                else:
                    entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data or b""))
        return out.getvalue()

    def size(self):
        return sum(len(data) for data, _, _ in self.entries.values() if data)


def add_zones(layer):
    for path in sorted(pathlib.Path(ZONES).rglob("*")):
        name = str(path.relative_to(ZONES))
        if NOT_ZONES.search(name):
            continue
        if path.is_symlink():
            layer.add(str(path), link=os.readlink(path))
        elif path.is_file():
            layer.add_file(str(path))


def filled(package, seconds):
    """The layer with the package's program and everything that it needs."""
    layer = Layer(seconds)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
        program = folder + PROGRAM
        layer.add(PROGRAM, pathlib.Path(program).read_bytes(), 0o755)
        layer.add("/usr/share/doc/scidex-pg-exporter/copyright",
                  pathlib.Path(f"{folder}/usr/share/doc/scidex-pg-exporter/copyright").read_bytes())
        paths = sorted(set(libraries(program)))
    for path in paths:
        layer.add_file(path, 0o755)
    # Vulnerability scanners read the list of packages there.
    for name in sorted(set(packages(paths)) | {"ca-certificates", "tzdata"}):
        layer.add(f"/var/lib/dpkg/status.d/{name}", output_of("dpkg-query", "--status", name).encode())
        layer.add_file(f"/usr/share/doc/{name}/copyright")
    layer.add_file(CERTIFICATES)
    layer.add_file("/etc/os-release")
    add_zones(layer)
    for path, text in TEXTS.items():
        layer.add(path, text.encode())
    for path, target in LINKS.items():
        layer.add(path, link=target)
    for path in ("/etc/scidex-pg-exporter", "/proc", "/sys", "/dev", "/run"):
        layer.add(path, None, 0o755)
    layer.add("/tmp", None, 0o1777)
    return layer


def labels(package):
    def field(name):
        return output_of("dpkg-deb", "--field", package, name).strip()
    prefix = "org.opencontainers.image."
    return {
        prefix + "title": "scidex_pg_exporter",
        prefix + "description": field("Description").splitlines()[0],
        prefix + "version": field("Version"),
        prefix + "revision": field("Version").rpartition(".")[2] if "+" in field("Version") else field("Version"),
        prefix + "licenses": "Apache-2.0",
    }


def configuration(package, diff, seconds):
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    return {
        "created": created,
        "architecture": output_of("dpkg-deb", "--field", package, "Architecture").strip(),
        "os": "linux",
        "config": {
            "User": f"{USER}:{USER}",
            "Entrypoint": [PROGRAM],
            "ExposedPorts": {"19187/tcp": {}},
            "WorkingDir": "/",
            "StopSignal": "SIGTERM",
            "Labels": labels(package),
            # Part of Docker's image format, and allowed in OCI's. Times are in nanoseconds.
            "Healthcheck": {"Test": ["CMD", PROGRAM, "--probe.ready"], "Interval": 30 * 10**9, "Timeout": 10 * 10**9,
                            "StartPeriod": 30 * 10**9, "Retries": 3},
        },
        "rootfs": {"type": "layers", "diff_ids": [diff]},
        "history": [{"created": created, "created_by": "packaging/image.py"}],
    }


class Layout:
    """An OCI image layout, as a tar."""

    def __init__(self, seconds):
        self.layer = Layer(seconds)

    def blob(self, media_type, data):
        digest = hashlib.sha256(data).hexdigest()
        self.layer.add(f"/blobs/sha256/{digest}", data)
        return {"mediaType": f"application/vnd.oci.image.{media_type}", "digest": f"sha256:{digest}", "size": len(data)}

    def json(self, media_type, value):
        return self.blob(media_type, json.dumps(value, sort_keys=True).encode())


def image(package, seconds):
    """(digest of the image, bytes of its layout, bytes of its files)"""
    root = filled(package, seconds)
    tar = root.bytes()
    layout = Layout(seconds)
    layer = layout.blob("layer.v1.tar+gzip", gzip.compress(tar, 9, mtime=0))
    diff = "sha256:" + hashlib.sha256(tar).hexdigest()
    manifest = layout.json("manifest.v1+json", {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": layout.json("config.v1+json", configuration(package, diff, seconds)),
        "layers": [layer],
    })
    manifest["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
    layout.layer.add("/oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
    layout.layer.add("/index.json", json.dumps({"schemaVersion": 2, "manifests": [manifest]}, sort_keys=True).encode())
    return manifest["digest"], layout.layer.bytes(), root.size()


def main(package, out):
    digest, layout, size = image(package, int(os.environ["SOURCE_DATE_EPOCH"]))
    if size > MOST_BYTES:
        raise SystemExit(f"the image has {size} bytes, more than {MOST_BYTES}")
    pathlib.Path(out).write_bytes(layout)
    print(f"{out}: {digest}, {size / 2**20:.1f} MiB unpacked, {len(layout) / 2**20:.1f} MiB packed")


if __name__ == "__main__":
    main(*sys.argv[1:])
