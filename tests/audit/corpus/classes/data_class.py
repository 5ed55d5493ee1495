from dataclasses import dataclass


@dataclass
class Service:
    reader: object
    writer: object

    def save(self):
        self.writer.execute("UPDATE t SET a = 1")

    def touch(self):
        self.reader.execute("UPDATE t SET a = 1")  # => UPDATE


def f():
    service = Service(get_db_ro(), writer=get_db())
    service.save()
    service.touch()
