def f():
    db = get_db_ro()
    save = lambda row: db.execute("UPDATE t SET a = %s", (row,))  # => UPDATE
    save(1)
