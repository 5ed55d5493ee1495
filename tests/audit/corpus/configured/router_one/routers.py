from django.conf import settings


class PrimaryReplicaRouter:
    def db_for_read(self, model, **hints):
        return settings.REPLICA

    def db_for_write(self, model, **hints):
        """Writes go to the primary alone."""
        return settings.PRIMARY
