class Repository:
    def __init__(self):
        self.db = get_db_ro()

    def save(self):
        self.db.execute("UPDATE t SET a = 1")  # => UPDATE
