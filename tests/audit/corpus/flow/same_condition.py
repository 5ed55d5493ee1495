def f(write):
    db = get_db() if write else get_db_ro()
    if write:
        db.execute("UPDATE t SET a = 1")
    return db.execute("SELECT 1")
