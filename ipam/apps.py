"""Makes ipam an app: which address, whose, and for what."""

from django.apps import AppConfig


class IpamConfig(AppConfig):
    name = "ipam"
