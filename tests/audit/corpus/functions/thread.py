import threading


def save(db):
    db.execute("UPDATE t SET a = 1")  # => UPDATE


def f():
    threading.Thread(target=save, args=(get_db_ro(),)).start()
