def f():
    with get_db_ro() as db, db.cursor() as cur:
        cur.execute("UPDATE t SET a = 1")  # => UPDATE
