def f():
    db = get_db_ro()
    db.execute("EXPLAIN DELETE FROM t")
    db.execute("EXPLAIN ANALYZE DELETE FROM t")  # => DELETE
    db.execute("EXPLAIN (ANALYZE, BUFFERS) UPDATE t SET a = 1")  # => UPDATE
    db.execute("EXPLAIN (ANALYZE false) UPDATE t SET a = 1")
    db.execute("EXPLAIN ANALYZE SELECT 1")
