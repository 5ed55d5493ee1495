def f():
    cur = get_db_ro().execute("SELECT 1")
    cur.execute("DELETE FROM t")  # => DELETE
