"""Sends requests repeatedly, each on a new connection, and reports the longest time that one took."""

import socket
import time
from typing import NamedTuple


class Answer(NamedTuple):
    status: int
    body: bytes


class Worst(NamedTuple):
    seconds: float
    asked: int
    failed: int
    # The latest response.
    error: str


def ask(port, path, tls, timeout):
    """Works for responses with a known length and for chunked ones, because the connection ends with the response."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as plain:
        stream = plain if tls is None else tls.wrap_socket(plain)
        with stream:
            stream.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            parts = []
            while part := stream.recv(1 << 20):
                parts.append(part)
    answer = b"".join(parts)
    if not answer.startswith(b"HTTP/1.1 "):
        raise OSError(f"no answer, but {answer[:40]}")
    return Answer(int(answer[9:12]), answer)


def ask_while(goes_on, port, path, tls, timeout):
    worst, asked, failed, error = 0.0, 0, 0, ""
    while goes_on():
        start = time.monotonic()
        try:
            answer = ask(port, path, tls, timeout)
            if answer.status != 200:
                raise OSError(f"status {answer.status}")
        except OSError as what:
            failed, error = failed + 1, str(what)
        worst = max(worst, time.monotonic() - start)
        asked += 1
        time.sleep(0.02)
    return Worst(worst, asked, failed, error)
