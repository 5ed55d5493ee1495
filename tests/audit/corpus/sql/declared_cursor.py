def f():
    db = get_db_ro()
    db.execute("DECLARE c CURSOR FOR SELECT * FROM t")
    db.execute("DECLARE c CURSOR FOR SELECT * FROM t FOR UPDATE")  # => SELECT FOR UPDATE
    db.cursor("name_of_a_cursor")
