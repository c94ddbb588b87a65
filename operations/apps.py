"""Makes operations an app: what is being done."""

from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "operations"
