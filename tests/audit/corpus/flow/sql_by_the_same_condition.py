def f(write):
    sql = "UPDATE t SET a = 1" if write else "SELECT a FROM t"
    db = get_db() if write else get_db_ro()
    db.execute(sql)
