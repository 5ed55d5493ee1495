def save(db):
    db.execute("UPDATE t SET a = 1")


def load(db):
    return db.execute("SELECT 1")


def f():
    save(get_db())
    load(get_db_ro())
