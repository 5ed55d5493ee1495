class Repository:
    @property
    def db(self):
        return get_db_ro()

    def save(self):
        self.db.execute("UPDATE t SET a = 1")  # => UPDATE
