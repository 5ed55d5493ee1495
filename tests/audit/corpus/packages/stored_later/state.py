db = None


class pools:
    slow = None
