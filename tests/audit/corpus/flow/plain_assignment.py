def f():
    db = get_db_ro()
    db.execute("INSERT INTO t VALUES (1)")  # => INSERT
