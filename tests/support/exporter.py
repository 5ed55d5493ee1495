"""The exporter as a separate process, as an operator runs it."""

import os

import servers


def environment(**variables):
    """This environment without PG* and SCIDEX_*, so that the settings of the person who runs a test do not affect it."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "SCIDEX_"))} | variables


class Exporter:
    """SCIDEX_EXPORTER, or another program, on its own port, logging to folder/exporter.log."""

    def __init__(self, add_cleanup, folder, *flags, program=None, **variables):
        self.add_cleanup, self.flags = add_cleanup, flags
        self.program = program or os.environ["SCIDEX_EXPORTER"]
        self.log = folder / "exporter.log"
        self.address = f"127.0.0.1:{servers.free_port()}"
        self.url = f"http://{self.address}/"
        self.environment = environment(**variables)
        self.process = None

    def start(self):
        command = [self.program, f"--web.listen-address={self.address}", *self.flags]
        self.process = servers.start(self.add_cleanup, command, self.log, self.environment)
        servers.poll("verdict on the replica", self.ready, self.log)

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the exporter ended: {self.log.read_text(errors='replace')}")
        return servers.fetch(f"{self.url}-/ready")

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=servers.DEADLINE_SECONDS)
