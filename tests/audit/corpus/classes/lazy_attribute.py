class Repository:
    def __init__(self):
        self._db = None

    def db(self):
        if self._db is None:
            self._db = get_db_ro()
        return self._db

    def save(self):
        self.db().execute("UPDATE t SET a = 1")  # => UPDATE
