#!/usr/bin/env python3
"""./dev demo: a replica stops and starts again; the route changes, and the alert fires and resolves.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter demo.py [--once]
With --once it does not pause, and ends after the last step. Otherwise everything keeps running until Ctrl-C.
"""

import contextlib
import json
import pathlib
import signal
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import exporter  # noqa: E402
import monitoring  # noqa: E402
import postgres  # noqa: E402
import servers  # noqa: E402

QUERY_SETS = ["connections", "replication", "transactions"]
PATIENCE_SECONDS = 90
# Pauses in which a person can open a link.
LOOK_SECONDS = 5
ENDED_BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Show:
    """Prints messages with the time since the start."""

    def __init__(self):
        self.began = time.monotonic()

    def say(self, text):
        print(f"{time.monotonic() - self.began:6.1f} s  {text}", flush=True)

    def wait(self, what, attempt):
        """Returns the first true result of attempt(). Meanwhile a line shows how long it has been waiting."""
        since = time.monotonic()
        shown = 0
        while not (result := attempt()):
            waited = time.monotonic() - since
            if waited > PATIENCE_SECONDS:
                raise TimeoutError(f"timeout after {PATIENCE_SECONDS} s while waiting for {what}")
            if waited >= shown + 1:
                shown = int(waited)
                if sys.stdout.isatty():
                    print(f"\r          waiting for {what} … {shown} s", end="", flush=True)
                elif shown % 5 == 0:
                    print(f"          waiting for {what} … {shown} s", flush=True)
            time.sleep(0.05)
        if sys.stdout.isatty():
            print("\r\033[K", end="")
        return result

    def pause(self, what):
        until = time.monotonic() + LOOK_SECONDS
        self.wait(what, lambda: time.monotonic() >= until)


def route(running):
    """(the number, the name, the reason)"""
    pools = json.loads(servers.fetch(f"{running.url}api/v1/pools"))
    return pools["ro_routes_to"], pools["route"], pools["reason"]


def notification(receiver, status, alert):
    return next((note for note in receiver.all() if note.status == status and note.labels["alertname"] == alert), None)


def make_folder(stack):
    """A directory for all files, those of the servers too. Until it is certain to be removed, a signal has to wait."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDED_BY)
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="scidex-demo-", ignore_cleanup_errors=True))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDED_BY)
    pathlib.Path(folder).chmod(0o755)  # The servers' user needs access to its contents.
    tempfile.tempdir = folder
    return pathlib.Path(folder)


def run(stack, folder, once):
    show = Show()
    show.say("starting a PostgreSQL primary and its streaming replica")
    primary, replica = postgres.start_primary_and_replica(stack.callback)
    config = folder / "exporter.yaml"
    config.write_text(json.dumps({"primary": {"dsn": primary.dsn}, "replica": {"dsn": replica.dsn},
                                  "query_sets": QUERY_SETS}))  # JSON is YAML
    show.say("starting the exporter, Prometheus and Alertmanager; a minute in the alert rules is a second here")
    running = exporter.Exporter(stack.callback, folder, f"--config.file={config}", TMPDIR=str(folder))
    running.start()
    receiver = monitoring.Receiver(stack.callback)
    alertmanager = monitoring.start_alertmanager(stack.callback, folder, receiver)
    prometheus = monitoring.start_prometheus(stack.callback, folder, [running.address], alertmanager)
    print(f"""
    status page     {running.url}
    metrics         {running.url}metrics
    Prometheus      {prometheus}/alerts
    Alertmanager    {alertmanager}
""", flush=True)

    show.wait("the replica's route", lambda: route(running)[0] == 1)
    show.say("reads go to the replica: scidex_pg_pool_ro_routes_to is 1")
    if not once:
        show.pause("you to open the status page")
    show.say("stopping the replica")
    replica.stop()
    number, name, reason = show.wait("the route to change", lambda: route(running)[0] != 1 and route(running))
    show.say(f"reads go to the primary: scidex_pg_pool_ro_routes_to is {number}, {name}, because of {reason}")
    alert = "ScidexPgPoolRoFallthrough"
    note = show.wait(f"{alert} to arrive", lambda: notification(receiver, "firing", alert))
    show.say(f"a {note.receiver} arrives: {alert}. {note.annotations['description']}")
    if not once:
        show.pause("you to look at the alert")
    show.say("starting the replica again")
    replica.start()
    show.wait("the replica's route", lambda: route(running)[0] == 1)
    show.say("reads go to the replica again: scidex_pg_pool_ro_routes_to is 1")
    show.wait(f"{alert} to resolve", lambda: notification(receiver, "resolved", alert))
    show.say(f"{alert} is resolved")
    if not once:
        show.say("done. Everything keeps running; press Ctrl-C to stop it")
        signal.pause()


def main():
    def end(number, _):
        for each in ENDED_BY:
            signal.signal(each, signal.SIG_IGN)  # The cleanup must not be interrupted.
        raise SystemExit(128 + number)

    for each in ENDED_BY:
        signal.signal(each, end)
    try:
        with contextlib.ExitStack() as stack:
            run(stack, make_folder(stack), "--once" in sys.argv[1:])
    except SystemExit:
        print("\nstopped; all servers and files are removed")
        raise
    except (AssertionError, OSError) as error:  # TimeoutError is among them
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
