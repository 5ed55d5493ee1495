from django.db import models


class Page(models.Model):
    views = models.IntegerField()
