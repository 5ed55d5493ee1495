import app.core as core
from app.core import reader as connect

from ..core.pools import reader


def f():
    reader().execute("UPDATE t SET a = 1")  # => UPDATE
    core.reader().execute("DELETE FROM t")  # => DELETE
    connect().execute("INSERT INTO t VALUES (1)")  # => INSERT
