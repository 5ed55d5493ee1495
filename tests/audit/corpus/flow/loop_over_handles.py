def f():
    for db in (get_db_ro(), get_db()):
        db.execute("UPDATE t SET a = 1")  # => UPDATE?
