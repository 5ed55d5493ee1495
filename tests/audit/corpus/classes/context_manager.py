class Reading:
    def __enter__(self):
        self.db = get_db_ro()
        return self.db

    def __exit__(self, *error):
        self.db.close()


def f():
    with Reading() as db:
        db.execute("UPDATE t SET a = 1")  # => UPDATE
