def f(write):
    if not write:
        db = get_db_ro()
        return db.execute("SELECT 1").fetchone()
    db = get_db()
    db.execute("UPDATE t SET a = 1")
