def f(table, where):
    db = get_db_ro()
    db.execute(f"UPDATE {table} SET a = 1 {where}")  # => UPDATE
    db.execute("DELETE FROM {} WHERE id = {id}".format(table, id=1))  # => DELETE
    db.execute("INSERT INTO %s VALUES (%%s)" % table, (1,))  # => INSERT
    db.execute(f"SELECT * FROM {table} {where} ORDER BY {table}")
    db.execute("SELECT * FROM {0} WHERE {1}".format(table, where))
