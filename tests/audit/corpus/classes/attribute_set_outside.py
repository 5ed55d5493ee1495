class Holder:
    pass


def f():
    holder = Holder()
    holder.db = get_db_ro()
    holder.db.execute("UPDATE t SET a = 1")  # => UPDATE
