def f():
    db = get_db_ro()
    try:
        work()
    except ValueError:
        db.execute("INSERT INTO errors VALUES (1)")  # => INSERT
