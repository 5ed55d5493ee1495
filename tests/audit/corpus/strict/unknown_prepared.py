def f():
    db = get_db_ro()
    db.execute("EXECUTE something(1)")  # strict => UNKNOWN?
