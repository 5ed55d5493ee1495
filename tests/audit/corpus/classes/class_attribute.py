class Repository:
    db = get_db_ro()

    def save(self):
        self.db.execute("UPDATE t SET a = 1")  # => UPDATE

    @classmethod
    def clean(cls):
        cls.db.execute("DELETE FROM t")  # => DELETE
