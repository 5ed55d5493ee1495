def f():
    db = get_db_ro()
    try:
        db.execute("SELECT 1")
    except OSError:
        raise
    else:
        db = get_db()
    db.execute("UPDATE t SET a = 1")
