def f():
    db = get_db_ro()
    cur = db.cursor()
    cur.execute("UPDATE t SET a = 1")  # => UPDATE
