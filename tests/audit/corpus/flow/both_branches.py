def f(one):
    if one:
        db = get_db_ro()
    else:
        db = get_db_ro()
    db.execute("UPDATE t SET a = 1")  # => UPDATE
