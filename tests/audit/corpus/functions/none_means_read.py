def save(db=None):
    if db is None:
        db = get_db_ro()
    db.execute("UPDATE t SET a = 1")  # => UPDATE


def f():
    save()
