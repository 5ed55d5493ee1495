def f():
    db = get_db_ro()
    db.execute("CALL p()")  # => CALL?
    db.execute("DO $$ BEGIN DELETE FROM t; END $$")  # => DO?
    db.callproc("p")  # => CALL?
