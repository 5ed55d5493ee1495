def f():
    db = get_db_ro()
    db.read_only = False  # => SET default_transaction_read_only
    db.set_session(readonly=False)  # => SET default_transaction_read_only?
    db.set_session(readonly=True)
