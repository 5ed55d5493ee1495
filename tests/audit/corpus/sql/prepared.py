def f():
    db = get_db_ro()
    db.execute("PREPARE save_row AS INSERT INTO t VALUES ($1)")
    db.execute("EXECUTE save_row(1)")  # => INSERT
    db.execute("PREPARE load_row AS SELECT $1")
    db.execute("EXECUTE load_row(1)")
