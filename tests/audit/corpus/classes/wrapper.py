class Reader:
    def __init__(self):
        self._inner = get_db_ro()

    def execute(self, sql, *args):
        return self._inner.execute(sql, args)


def f():
    reader = Reader()
    reader.execute("SELECT 1")
    reader.execute("UPDATE t SET a = 1")  # => UPDATE
