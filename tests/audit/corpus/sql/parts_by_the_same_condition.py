def f(dry_run):
    prefix = "EXPLAIN " if dry_run else ""
    statement = "DELETE FROM t" if dry_run else "SELECT a FROM t"
    get_db_ro().execute(prefix + statement)
    get_db_ro().execute(f"{prefix}{statement}")


def g(dry_run):
    prefix = "EXPLAIN " if dry_run else ""
    get_db_ro().execute(prefix + "DELETE FROM t")  # => DELETE?
