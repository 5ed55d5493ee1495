def f(all_rows):
    db = get_db_ro()
    if all_rows():
        sql = "SELECT * FROM t"
    else:
        sql = "UPDATE t SET a = 1 RETURNING *"
    db.execute(sql)  # => UPDATE?
