"""A throw-away PostgreSQL primary and its streaming replica, on private ports and in a private directory."""

import os
import pathlib
import pwd
import signal
import subprocess
import tempfile

import servers

SETTINGS = {"listen_addresses": "127.0.0.1", "fsync": "off", "full_page_writes": "off", "shared_buffers": "8MB",
            "dynamic_shared_memory_type": "mmap", "wal_level": "replica", "wal_keep_size": "64MB",
            "wal_retrieve_retry_interval": "100ms", "autovacuum": "off"}


def program(name):
    """The path of the newest installed version of a program."""
    found = pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    return str(max(found, key=lambda path: int(path.parts[-3])))


def unprivileged(command):
    """Runs the command as postgres if this is root, because PostgreSQL refuses to run as root. A change of user resets the
    signal for the parent's death: setpriv sets it again."""
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig=KILL", *command]


def accepts(port):
    """Whether a server, or a pooler in front of one, accepts connections on the port."""
    ready = [program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    return subprocess.run(ready, timeout=servers.DEADLINE_SECONDS).returncode == 0


class Server:
    """Runs in its directory `data`; `process` is the postmaster."""

    def __init__(self, add_cleanup, folder, name):
        self.add_cleanup, self.folder, self.name = add_cleanup, folder, name
        self.data = folder / name
        self.port = servers.free_port()
        self.process = None

    def run(self, name, *arguments):
        command = unprivileged([program(name), *arguments])
        done = subprocess.run(command, cwd="/", env={"LC_ALL": "C"}, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=servers.DEADLINE_SECONDS)
        if done.returncode != 0:
            raise AssertionError(f"{name}: {done.stdout}{done.stderr}")

    def start(self):
        log = self.folder / f"{self.name}.log"
        settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        self.process = servers.start(
            self.add_cleanup, unprivileged([program("postgres"), "-D", str(self.data), "-p", str(self.port),
                                            "-k", str(self.folder), *settings]), log)
        servers.poll(self.name, self.accepts, log)

    def accepts(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended with {self.process.returncode}")
        return accepts(self.port)

    def stop(self):
        self.process.send_signal(signal.SIGINT)  # a fast shutdown
        self.process.wait(timeout=servers.DEADLINE_SECONDS)

    def sql(self, statement):
        self.run("psql", "--no-psqlrc", "--quiet", f"--command={statement}", self.dsn)

    def dsn_of(self, database):
        return f"host=127.0.0.1 port={self.port} user=postgres dbname={database}"

    @property
    def dsn(self):
        return self.dsn_of("postgres")


def start_primary_and_replica(add_cleanup):
    """Both servers; every client on this machine may log in."""
    folder = tempfile.TemporaryDirectory(prefix="scidex-postgres-")
    add_cleanup(folder.cleanup)
    path = pathlib.Path(folder.name)
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(path, user.pw_uid, user.pw_gid)
    primary, replica = (Server(add_cleanup, path, name) for name in ("primary", "replica"))
    primary.run("initdb", "--no-sync", "--no-instructions", "--no-locale", "--encoding=UTF8", "--username=postgres",
                "--auth=trust", "--wal-segsize=1", f"--pgdata={primary.data}")
    primary.start()
    replica.run("pg_basebackup", "--no-sync", "--checkpoint=fast", "--write-recovery-conf",
                f"--dbname={primary.dsn}", f"--pgdata={replica.data}")
    replica.start()
    return primary, replica
