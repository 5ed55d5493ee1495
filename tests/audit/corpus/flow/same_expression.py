def f(request):
    if request.method == "POST":
        db = get_db()
    else:
        db = get_db_ro()
    if request.method == "POST":
        db.execute("UPDATE t SET a = 1")
    if request.method != "POST":
        db.execute("DELETE FROM t")  # => DELETE
