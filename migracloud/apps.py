"""Makes migracloud an app, for its commands. No models."""

from django.apps import AppConfig


class MigraCloudConfig(AppConfig):
    name = "migracloud"
