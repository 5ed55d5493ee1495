def f():
    return [db.execute("DELETE FROM t") for db in [get_db_ro()]]  # => DELETE
