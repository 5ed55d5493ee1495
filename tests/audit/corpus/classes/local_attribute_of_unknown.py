def f(request):
    request.state.db = get_db_ro()
    request.state.db.execute("UPDATE t SET a = 1")  # => UPDATE
