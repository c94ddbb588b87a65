"""Makes tenants an app: who owns, who acts, with which right."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"
