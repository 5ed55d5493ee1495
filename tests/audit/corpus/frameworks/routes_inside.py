def create_app(app):
    db = get_db_ro()

    @app.route("/")
    def page():
        db.execute("UPDATE t SET a = 1")  # => UPDATE

    return app
