"""Makes audit an app: what happened, kept for ever."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "audit"
