class Repository:
    def __init__(self, db):
        self.db = db

    def save(self):
        self.db.execute("UPDATE t SET a = 1")

    def load(self):
        return self.db.execute("SELECT 1")


def f():
    reader, writer = Repository(get_db_ro()), Repository(get_db())
    writer.save()
    return reader.load()
