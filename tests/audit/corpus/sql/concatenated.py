def f(table):
    db = get_db_ro()
    db.execute("UPDATE " + table + " SET a = 1")  # => UPDATE
    db.execute("SELECT * " "FROM " + table)
    sql = "DELETE FROM t"
    sql += " WHERE id = %s"
    db.execute(sql, (1,))  # => DELETE
