SAVE = "UPDATE t SET a = %s"
LOAD = """
    SELECT a FROM t
"""
QUERIES = {"save": SAVE, "load": LOAD}


class Queries:
    CLEAN = "DELETE FROM t"


def f():
    db = get_db_ro()
    db.execute(LOAD)
    db.execute(SAVE, (1,))  # => UPDATE
    db.execute(QUERIES["save"], (1,))  # => UPDATE
    db.execute(QUERIES["load"])
    db.execute(Queries.CLEAN)  # => DELETE
