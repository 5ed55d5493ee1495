class Base:
    def __init__(self, db):
        self.db = db


class Repository(Base):
    def __init__(self, db):
        super().__init__(db)

    def save(self):
        self.db.execute("UPDATE t SET a = 1")  # => UPDATE


def f():
    Repository(get_db_ro()).save()
