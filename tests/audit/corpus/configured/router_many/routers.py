class Router:
    def db_for_write(self, model, **hints):
        if model._meta.app_label == "archive":
            return "archive"
        return None
