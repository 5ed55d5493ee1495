class Repository:
    @staticmethod
    def save(db):
        db.execute("UPDATE t SET a = 1")  # => UPDATE


def f():
    Repository.save(get_db_ro())
