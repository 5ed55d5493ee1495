def f(rows):
    db = get_db_ro()
    for row in rows:
        db.execute("UPDATE t SET a = %s", (row,))  # => UPDATE
