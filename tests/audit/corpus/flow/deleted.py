def f():
    db = get_db_ro()
    del db
    db = get_db()
    db.execute("UPDATE t SET a = 1")
