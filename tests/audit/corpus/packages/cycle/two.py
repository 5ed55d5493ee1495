import one


def save(db):
    db.execute("UPDATE t SET a = 1")  # => UPDATE


def g():
    one.reader().execute("DELETE FROM t")  # => DELETE
