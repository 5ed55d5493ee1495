from fastapi import Depends


class Repository:
    def __init__(self, db=Depends(get_db_ro)):
        self.db = db

    def save(self):
        self.db.execute("UPDATE t SET a = 1")  # => UPDATE


def page(repository=Depends(Repository)):
    repository.save()
