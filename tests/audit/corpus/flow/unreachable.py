def f():
    db = get_db_ro()
    return db
    db.execute("UPDATE t SET a = 1")
