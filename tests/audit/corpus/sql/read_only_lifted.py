def f():
    db = get_db_ro()
    db.execute("SET default_transaction_read_only = off")  # => SET default_transaction_read_only
    db.execute("SET transaction_read_only TO false")  # => SET default_transaction_read_only
    db.execute("SET TRANSACTION READ WRITE")  # => SET default_transaction_read_only
    db.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")  # => SET default_transaction_read_only
    db.execute("BEGIN READ WRITE")  # => SET default_transaction_read_only
    db.execute("SELECT set_config('default_transaction_read_only', 'off', false)")  # => SET default_transaction_read_only
    db.execute("SET default_transaction_read_only = on")
    db.execute("SET statement_timeout = '1s'")
    db.execute("BEGIN READ ONLY")
