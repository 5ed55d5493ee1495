def f():
    db = get_db_ro()
    db.execute("SELECT 1")
    db = get_db()
    db.execute("UPDATE t SET a = 1")
