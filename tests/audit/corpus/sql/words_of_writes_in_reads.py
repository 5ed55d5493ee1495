def f():
    db = get_db_ro()
    db.execute("SELECT update, \"delete\" FROM insert_log WHERE action = 'DELETE FROM t'")
    db.execute("SELECT deleted_at, created FROM updates ORDER BY truncate DESC")
