class Base:
    def __init__(self):
        self.db = get_db_ro()


class Repository(Base):
    def save(self):
        self.db.execute("UPDATE t SET a = 1")  # => UPDATE
