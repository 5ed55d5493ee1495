def f(slow):
    db = get_ro_db() if slow else get_db_ro()
    sql = "UPDATE t SET a = 1" if slow else "SELECT a FROM t"
    db.execute(sql)  # => UPDATE?
