def load():
    db = get_db_ro()
    return db, db.execute("SELECT 1").fetchall()


def f():
    db, rows = load()
    db.execute("UPDATE t SET a = 1")  # => UPDATE
