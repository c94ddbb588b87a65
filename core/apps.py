"""Makes core an app, so that its one migration (extension, clock) runs before everybody's tables. No models."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"
