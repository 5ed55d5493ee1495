def f(names):
    db = get_db_ro()
    sql = "SELECT * FROM t WHERE true"
    for name in names:
        sql += " AND " + name + " = %s"
    db.execute(sql)
