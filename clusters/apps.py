"""Makes clusters an app: the data plane as rows, and the way to it."""

from django.apps import AppConfig


class ClustersConfig(AppConfig):
    name = "clusters"
