def save(row, *, db):
    db.execute("UPDATE t SET a = 1")  # => UPDATE


def f():
    save(1, db=get_db_ro())
