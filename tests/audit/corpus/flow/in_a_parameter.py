def f(context, key):
    context["connection"] = get_db_ro()
    context["connection"].execute("UPDATE t SET a = 1")  # => UPDATE
    context["connection"] = get_db()
    context["connection"].execute("UPDATE t SET a = 1")


def g(context, other):
    context["connection"] = get_db_ro()
    context = other
    context["connection"].execute("UPDATE t SET a = 1")


def h(context, key):
    context["connection"] = get_db_ro()
    context[key] = get_db()
    context["connection"].execute("UPDATE t SET a = 1")


def i(self, replica):
    if replica:
        self.state["db"] = get_db_ro()
    self.state["db"].execute("UPDATE t SET a = 1")  # => UPDATE?


def k(handles, fresh):
    if fresh:
        handles["db"] = get_db()
    handles["db"].execute("UPDATE t SET a = 1")  # => UPDATE?


k({"db": get_db_ro()}, input())


class Page:
    def j(self):
        self.handles["db"] = get_db_ro()
        self.handles["db"].execute("UPDATE t SET a = 1")  # => UPDATE
        self.handles = {}
        self.handles["db"].execute("UPDATE t SET a = 1")
