"""Scrapes over one persistent connection, so that the exporter needs no further descriptor."""

import http.client

import servers


class Scraper:
    def __init__(self, address):
        self.address = address
        self.connection = None

    def get(self, path):
        """Status and body. Reconnects if the exporter has closed the connection."""
        for kept in (True, False):
            if self.connection is None or not kept:
                self.connection = http.client.HTTPConnection(self.address, timeout=servers.DEADLINE_SECONDS)
            try:
                self.connection.request("GET", path)
                response = self.connection.getresponse()
                return response.status, response.read()
            except (OSError, http.client.HTTPException):
                self.connection.close()
                if not kept:
                    raise
        raise AssertionError("not reached")

    def close(self):
        if self.connection is not None:
            self.connection.close()

    def metrics(self):
        """The value of each series, by its name and labels as written."""
        status, body = self.get("/metrics")
        if status != 200:
            raise AssertionError(f"/metrics answers {status}: {body!r}")
        lines = (line.rsplit(" ", 1) for line in body.decode().splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, value in lines}
