def f():
    db = get_db()

    def demote():
        nonlocal db
        db = get_db_ro()

    demote()
    db.execute("UPDATE t SET a = 1")  # => UPDATE?
