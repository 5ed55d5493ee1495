from handles import *


def f():
    reader().execute("UPDATE t SET a = 1")  # => UPDATE
