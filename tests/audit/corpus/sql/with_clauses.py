def f():
    db = get_db_ro()
    db.execute("WITH a AS (SELECT 1) SELECT * FROM a")
    db.execute("WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a")  # => DELETE
    db.execute("WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a")  # => INSERT
