def f():
    db = get_db_ro()
    db.execute("DELETE FROM t", note="# scidex-pg-audit: allow no comment")  # => DELETE
