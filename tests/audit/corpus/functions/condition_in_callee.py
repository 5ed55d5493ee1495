def touch(db, write):
    if write:
        db.execute("UPDATE t SET a = 1")


def f():
    touch(get_db_ro(), write=False)
    touch(get_db(), write=True)
