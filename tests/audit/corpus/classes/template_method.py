class Job:
    def run(self):
        self.work(get_db_ro())

    def work(self, db):
        raise NotImplementedError


class Clean(Job):
    def work(self, db):
        db.execute("DELETE FROM t")  # => DELETE
