from db import SAVE, reader, save


def f():
    save(reader(), 1)
    reader().execute(SAVE)  # => UPDATE
