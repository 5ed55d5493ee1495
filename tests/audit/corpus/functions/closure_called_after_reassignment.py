def f():
    db = get_db_ro()

    def save():
        db.execute("UPDATE t SET a = 1")

    db = get_db()
    save()
