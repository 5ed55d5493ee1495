def f():
    ro, rw = get_db_ro(), get_db()
    cur = rw.cursor()
    cur.execute("UPDATE t SET a = 1")
