from base import Repository


class Users(Repository):
    def clean(self):
        self.run("DELETE FROM users")  # => DELETE


def f():
    users = Users(get_db_ro())
    users.clean()
