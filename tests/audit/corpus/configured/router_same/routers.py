from django.conf import settings


class Router:
    def db_for_write(self, model, instance=None, **hints):
        return instance._state.db


class Careless:
    def db_for_write(self, model, **hints):
        return "replica"


class Nothing:
    def db_for_write(self, model, **hints):
        return None


class Hints:
    def db_for_write(self, model, **hints):
        return hints["instance"]._state.db


class CarelessBySetting:
    def db_for_write(self, model, **hints):
        return settings.REPLICA
