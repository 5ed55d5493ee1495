_db = None


def connect():
    global _db
    _db = get_db_ro()


def f():
    _db.execute("UPDATE t SET a = 1")  # => UPDATE
