"""Servers for the tests in Python: started on loopback, stopped in any case."""

import ctypes
import json
import signal
import socket
import subprocess
import time
import urllib.request

# Longer than any machine needs, however busy it is: on an idle one these waits take seconds.
DEADLINE_SECONDS = 300


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _die_with_parent():
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def start(add_cleanup, command, log, env=None):
    """Starts command, writing to the file log, and registers its end with add_cleanup."""
    with open(log, "wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                   env=env, preexec_fn=_die_with_parent)
    add_cleanup(process.wait)
    add_cleanup(process.kill)
    return process


def fetch(url, body=None, accept="*/*"):
    """The bytes that url returns; sends body as JSON with POST if there is one."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", "Accept": accept})
    with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as response:
        return response.read()


def poll(what, attempt, log=None):
    """The first true result of attempt(). After the deadline it fails with what the server logged."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            last = attempt()
            if last:
                return last
        except OSError as error:  # including URLError and HTTPError
            last = error
        if time.monotonic() > deadline:
            logged = "" if log is None else "; its log:\n" + log.read_text(errors="replace")
            raise AssertionError(f"no {what} within {DEADLINE_SECONDS} s, last: {last}{logged}")
        time.sleep(0.05)


def poll_of(process, what, attempt, log):
    """The same for something that a process does; fails immediately if the process has ended."""
    def checked():
        if process.poll() is not None:
            raise AssertionError(f"no {what}; the process ended: {log.read_text(errors='replace')}")
        return attempt()
    return poll(what, checked, log)
