def f(sql):
    db = get_db_ro()
    db.execute(sql)  # strict => UNKNOWN?
    db.execute("SELECT 1")
    db.execute(load_query("x"))  # strict => UNKNOWN?
