def f():
    db = None
    try:
        db = get_db_ro()
        db.execute("UPDATE t SET a = 1")  # => UPDATE
    finally:
        if db is not None:
            db.close()
