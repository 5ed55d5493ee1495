#!/usr/bin/env python3
"""What a hostile client does to an HTTP server on loopback, bounded in sockets and in time.

Usage: attacks.py NAME PORT SECONDS [PORT_OF_THE_INSIDE]…
"""

import resource
import select
import socket
import ssl
import struct
import sys
import time

SOCKETS = 1000
GZIP = b"GET /metrics HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"
PLAIN = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"


def connect(port, small_window=False):
    """A non-blocking socket, or None if the server has no room for one."""
    one = socket.socket()
    if small_window:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.settimeout(1)
    try:
        one.connect(("127.0.0.1", port))
    except OSError:
        one.close()
        return None
    one.setblocking(False)
    return one


def burst(port, count, until):
    """As many concurrent clients as the server has room for."""
    clients = []
    while len(clients) < count and time.monotonic() < until:
        one = connect(port)
        if one is None:
            break
        clients.append(one)
    return clients


def reset(one):
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()


def send(one, data):
    try:
        one.send(data)
        return True
    except OSError:
        return False


def is_closed(one):
    try:
        return one.recv(65536) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def flood(port, until, count, greet, small_window=False, reads=True):
    """Keeps `count` clients that have sent what greet() returns; opens a new one for each that was closed."""
    clients = []
    while time.monotonic() < until:
        while len(clients) < count and time.monotonic() < until:
            one = connect(port, small_window)
            if one is None:
                time.sleep(0.01)
                break
            send(one, greet(len(clients)))
            clients.append(one)
        if reads:
            closed = {one for one in clients if is_closed(one)}
        else:
            poller = select.poll()
            for one in clients:
                poller.register(one, select.POLLRDHUP)
            closed = {number for number, _ in poller.poll(0)}
            closed = {one for one in clients if one.fileno() in closed}
        for one in closed:
            one.close()
        clients = [one for one in clients if one not in closed]
        time.sleep(0.05)


def idle(port, until, _):
    """Clients that send nothing."""
    flood(port, until, SOCKETS, lambda _: b"")


def slow_requests(port, until, _):
    """Clients that send a byte of a request every tenth of a second."""
    clients = []
    for step in range(len(PLAIN) - 1):
        while len(clients) < 200 and time.monotonic() < until:
            one = connect(port)
            if one is None:
                break
            clients.append(one)
        for one in clients:
            send(one, PLAIN[step:step + 1])
        time.sleep(0.1)
        if time.monotonic() >= until:
            return


def never_read(port, until, _):
    """Clients that request the exposition and do not read it; each sends a different request."""
    flood(port, until, SOCKETS,
          lambda number: PLAIN.replace(b"/metrics", b"/metrics?%d" % number), small_window=True, reads=False)


def compress(port, until, _):
    """Bursts of a thousand clients that request the compressed exposition, and hang up without waiting for it."""
    while time.monotonic() < until:
        clients = burst(port, SOCKETS, until)
        for one in clients:
            send(one, GZIP)
        time.sleep(0.5)
        for one in clients:
            reset(one)


def resets(port, until, _):
    """Clients that send a request, and reset the connection."""
    while time.monotonic() < until:
        one = connect(port)
        if one is not None:
            send(one, PLAIN)
            reset(one)


def connect_later(port):
    """A socket whose connection may still wait in the server's queue."""
    one = socket.socket()
    one.setblocking(False)
    one.connect_ex(("127.0.0.1", port))
    return one


def occupy_inner_port(port, until, inner_ports):
    """A process of another user occupies the listener behind the server, while requests with unusual methods come through
    the front."""
    held = {inner: [] for inner in inner_ports}
    while time.monotonic() < until:
        for inner, connections in held.items():
            closed = {one for one in connections if is_closed(one)}
            for one in closed:
                one.close()
            held[inner] = [one for one in connections if one not in closed]
            held[inner] += [connect_later(inner) for _ in range(400 - len(held[inner]))]
        one = connect(port)
        if one is not None:
            send(one, b"BREW /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
            time.sleep(0.05)
            one.close()


def client_hello():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    outgoing = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="a")
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def handshakes(port, until, _):
    """Bursts of five hundred clients that begin a TLS handshake and compute nothing themselves."""
    hello = client_hello()
    while time.monotonic() < until:
        clients = burst(port, 500, until)
        for one in clients:
            send(one, hello)
        time.sleep(1)
        for one in clients:
            reset(one)


ATTACKS = {attack.__name__: attack for attack in (idle, slow_requests, never_read, compress, resets, occupy_inner_port, handshakes)}


if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    name, port, seconds, *inner_ports = sys.argv[1:]
    ATTACKS[name](int(port), time.monotonic() + float(seconds), [int(inner) for inner in inner_ports])
