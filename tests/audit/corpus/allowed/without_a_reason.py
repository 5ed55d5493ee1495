def f():
    db = get_db_ro()
    db.execute("DELETE FROM t")  # scidex-pg-audit: allow
    # => DELETE@-1
