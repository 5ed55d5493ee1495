def f(user):
    session = get_db_ro()
    session.add(user)  # => INSERT
    session.delete(user)  # => DELETE
    session.query(user).filter_by(id=1).first()
    session.query(user).filter_by(id=1).update({"a": 1})  # => UPDATE
    session.query(user).filter_by(id=1).with_for_update().one()  # => SELECT FOR UPDATE
    session.commit()  # => COMMIT?
