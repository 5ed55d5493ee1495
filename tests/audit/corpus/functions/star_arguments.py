def save(*args):
    args[0].execute("UPDATE t SET a = 1")  # => UPDATE


def f():
    save(get_db_ro())
