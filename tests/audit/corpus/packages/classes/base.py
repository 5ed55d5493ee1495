class Repository:
    def __init__(self, db):
        self.db = db

    def run(self, sql):
        return self.db.execute(sql)
