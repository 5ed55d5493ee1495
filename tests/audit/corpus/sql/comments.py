def f():
    db = get_db_ro()
    db.execute("/* outer /* inner */ still */ UPDATE t SET a = 1")  # => UPDATE
    db.execute("-- UPDATE t SET a = 1\nSELECT 1")
    db.execute("SELECT 1 /* ; DELETE FROM t */")
    db.execute("SELECT $x$; DELETE FROM t; $x$")
    db.execute("SELECT 'it''s; DELETE FROM t'")
