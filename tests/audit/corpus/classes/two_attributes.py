class Repository:
    def __init__(self):
        self.ro = get_db_ro()
        self.rw = get_db()

    def save(self):
        self.rw.execute("UPDATE t SET a = 1")

    def load(self):
        return self.ro.execute("SELECT 1")

    def touch(self):
        self.ro.execute("UPDATE t SET a = 1")  # => UPDATE
