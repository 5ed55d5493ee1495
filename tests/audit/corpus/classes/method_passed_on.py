class Repository:
    def __init__(self, db):
        self.db = db

    def save(self, row):
        self.db.execute("UPDATE t SET a = %s", (row,))  # => UPDATE


def each(work, rows):
    for row in rows:
        work(row)


def f(rows):
    each(Repository(get_db_ro()).save, rows)
