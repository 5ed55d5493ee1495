def f():
    db = get_db_ro()
    db.execute("SELECT * INTO u FROM t")  # => SELECT INTO
    db.execute("SELECT 'INTO' FROM t")
