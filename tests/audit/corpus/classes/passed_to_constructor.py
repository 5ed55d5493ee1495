class Repository:
    def __init__(self, db):
        self.db = db

    def save(self):
        self.db.execute("UPDATE t SET a = 1")  # => UPDATE

    def load(self):
        return self.db.execute("SELECT 1")


def f():
    Repository(get_db_ro()).save()
