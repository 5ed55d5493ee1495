def f():
    db = get_db_ro()
    db.execute("CREATE TABLE t (a int)")  # => CREATE TABLE
    db.execute("ALTER TABLE t ADD b int")  # => ALTER TABLE
    db.execute("DROP INDEX i")  # => DROP INDEX
    db.execute("GRANT SELECT ON t TO r")  # => GRANT
    db.execute("REFRESH MATERIALIZED VIEW v")  # => REFRESH
    db.execute("COMMENT ON TABLE t IS 'x'")  # => COMMENT
    db.execute("VACUUM t")  # => VACUUM
    db.execute("LOCK TABLE t IN EXCLUSIVE MODE")  # => LOCK
