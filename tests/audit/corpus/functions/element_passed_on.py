def search(context):
    context["connection"] = get_db_ro()
    touch(context)
    count(found=context)
    context["connection"] = get_db()
    store(context)


def touch(context):
    context["connection"].execute("UPDATE t SET a = 1")  # => UPDATE


def count(found):
    found["connection"].execute("DELETE FROM t")  # => DELETE
    found["other"].execute("DELETE FROM t")


def store(context):
    context["connection"].execute("UPDATE t SET a = 1")
