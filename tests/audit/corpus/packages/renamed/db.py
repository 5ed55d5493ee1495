from api_shared.db import get_db_ro as ro
from api_shared import db as shared


def f():
    ro().execute("UPDATE t SET a = 1")  # => UPDATE
    shared.get_db_ro().execute("UPDATE t SET a = 1")  # => UPDATE
