def f(rows):
    db = get_db_ro()
    db.cursor().executemany("INSERT INTO t VALUES (%s)", rows)  # => INSERT
