def f():
    db = get_db_ro()
    db.execute("INSERT INTO t VALUES (1)")  # => INSERT
    db.execute("update t set a = 1")  # => UPDATE
    db.execute("DELETE FROM t")  # => DELETE
    db.execute("MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE")  # => MERGE
    db.execute("TRUNCATE t")  # => TRUNCATE
    db.execute("SELECT 1")
    db.execute("VALUES (1)")
    db.execute("TABLE t")
    db.execute("SHOW work_mem")
