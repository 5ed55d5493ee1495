def save(db):
    db.execute("UPDATE t SET a = 1")  # => UPDATE


def f():
    save(get_db_ro())
