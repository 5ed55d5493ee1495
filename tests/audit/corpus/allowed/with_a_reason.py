def f():
    db = get_db_ro()
    db.execute("CREATE TEMP TABLE x (a int)")  # scidex-pg-audit: allow the replica is not used here
    db.execute(
        "DELETE FROM t"  # scidex-pg-audit: allow kept until the next release
    )
    db.execute("DELETE FROM t")  # => DELETE
