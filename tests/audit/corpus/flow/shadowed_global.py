db = get_db_ro()


def f(db):
    db.execute("UPDATE t SET a = 1")
