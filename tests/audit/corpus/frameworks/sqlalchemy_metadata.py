def f(Base):
    Base.metadata.create_all(get_db_ro())  # => CREATE TABLE
    Base.metadata.create_all(bind=get_db())
