def f():
    db = get_db_ro()
    while True:
        if done():
            db = get_db()
            break
    db.execute("UPDATE t SET a = 1")
