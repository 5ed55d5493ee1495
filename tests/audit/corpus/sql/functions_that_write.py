def f():
    db = get_db_ro()
    db.execute("SELECT nextval('s')")  # => nextval
    db.execute("SELECT setval('s', 1)")  # => setval
    db.execute("SELECT currval('s')")
    db.execute("SELECT lo_create(0)")  # => lo_create
    db.execute("SELECT pg_stat_reset()")  # => pg_stat_reset
    db.execute("SELECT pg_logical_emit_message(false, 'a', 'b')")  # => pg_logical_emit_message
    db.execute("SELECT coalesce(max(pg_catalog.nextval('s')), 0) FROM t")  # => nextval
    db.execute("SELECT pg_notify('a', 'b')")  # => pg_notify?
    db.execute("SELECT 'nextval(1)'")
