class Repository:
    def __init__(self):
        self.db = get_db_ro()

    def run(self, sql):
        self.db.execute(sql)


def f(repository: Repository):
    repository.run("SELECT 1")
    repository.run("DELETE FROM t")  # => DELETE
