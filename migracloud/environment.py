"""Reads and checks the environment variables that settings.py is made of.

Decides: which values are sound, and what a person is told to set. Not: what a setting does.
"""

from __future__ import annotations

import ipaddress
import re
import zoneinfo
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

HOST = r"\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\]"  # as Django compares it with the header Host
ORIGIN = r"https?://[^/?#@\s]+"  # the same for the header Origin
NEW_FERNET_KEY = "python3 -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'"
LOG_FORMATS = ("line", "json")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class Environment:
    """The environment with `.env` of the project's root beneath it. Every reader names the variable and the remedy."""

    def __init__(self, root: Path) -> None:
        self._env = environ.Env()
        self._env.read_env(str(root / ".env"), overwrite=False)

    def text(self, name: str, default: str = "") -> str:
        return str(self._env.str(name, default=default)).strip()

    def truth(self, name: str, default: bool) -> bool:
        word = self.text(name, "true" if default else "false").lower()
        if word in ("true", "1", "yes", "on"):
            return True
        if word in ("false", "0", "no", "off"):
            return False
        raise ImproperlyConfigured(f"{name} is {word!r}: set it to true or false.")

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        word = self.text(name, str(default))
        if not re.fullmatch("[0-9]{1,9}", word) or not least <= int(word) <= most:
            raise ImproperlyConfigured(f"{name} is {word!r}: set it to a whole number from {least} to {most}.")
        return int(word)

    def words(self, name: str) -> list[str]:
        return [word.strip() for word in self.text(name).split(",") if word.strip()]

    def secret_key(self) -> str:
        key = self.text("SECRET_KEY")
        if len(key) < 32:
            raise ImproperlyConfigured(
                "SECRET_KEY is missing or shorter than 32 characters: set it to a long random text, for example the "
                "output of: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
            )
        return key

    def secrets_keys(self) -> list[str]:
        keys = self.words("SECRETS_KEYS")
        if not keys:
            raise ImproperlyConfigured(
                "SECRETS_KEYS is missing: set it to one Fernet key, or several separated by commas (the first seals). "
                f"One is made by: {NEW_FERNET_KEY}"
            )
        for position, key in enumerate(keys, start=1):
            try:
                Fernet(key)
            except ValueError:
                raise ImproperlyConfigured(
                    f"SECRETS_KEYS: key {position} is no Fernet key (32 bytes in url-safe base64). "
                    f"One is made by: {NEW_FERNET_KEY}"
                ) from None
        return keys

    def allowed_hosts(self, *, debug: bool) -> list[str]:
        hosts = self.words("ALLOWED_HOSTS")
        for host in hosts:
            if not re.fullmatch(HOST, host):
                raise ImproperlyConfigured(
                    f"ALLOWED_HOSTS: {host!r} is no host name: leave scheme, port and path out, put commas between "
                    "several, and an IPv6 address in brackets."
                )
        if not hosts and not debug:
            raise ImproperlyConfigured(
                "ALLOWED_HOSTS is missing: set it to the host names that this site answers to, separated by commas."
            )
        return hosts

    def origins(self) -> list[str]:
        origins = self.words("CSRF_TRUSTED_ORIGINS")
        for origin in origins:
            if not re.fullmatch(ORIGIN, origin):
                raise ImproperlyConfigured(
                    f"CSRF_TRUSTED_ORIGINS: {origin!r} needs its scheme, and nothing behind the host, such as "
                    "https://panel.example.net."
                )
        return origins

    def time_zone(self) -> str:
        zone = self.text("TIME_ZONE", "UTC")
        if zone not in zoneinfo.available_timezones():
            raise ImproperlyConfigured(f"TIME_ZONE is {zone!r}: set it to a name such as America/New_York.")
        return zone

    def log_level(self) -> str:
        level = self.text("LOG_LEVEL", "INFO").upper()
        if level not in LOG_LEVELS:
            raise ImproperlyConfigured(f"LOG_LEVEL is {level!r}: set it to one of {', '.join(LOG_LEVELS)}.")
        return level

    def log_format(self) -> str:
        form = self.text("LOG_FORMAT", "line").lower()
        if form not in LOG_FORMATS:
            raise ImproperlyConfigured(f"LOG_FORMAT is {form!r}: set it to line (for people) or json (for programs).")
        return form

    def metrics_token(self) -> str:
        """Empty: no token opens /metrics."""
        token = self.text("METRICS_TOKEN")
        if token and not re.fullmatch(r"[!-~]{20,}", token):
            raise ImproperlyConfigured(
                "METRICS_TOKEN is shorter than 20 characters, or has others than letters, digits and signs: set it to "
                "the output of: python3 -c 'import secrets; print(secrets.token_urlsafe(30))'"
            )
        return token

    def metrics_networks(self) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
        """Empty: no address opens /metrics."""
        networks = []
        for word in self.words("METRICS_NETWORKS"):
            try:
                networks.append(ipaddress.ip_network(word))
            except ValueError as error:
                raise ImproperlyConfigured(
                    f"METRICS_NETWORKS: {word!r} is no network such as 127.0.0.0/8 or ::1: {error}."
                ) from None
        return networks

    def heartbeat_url(self) -> str:
        """Empty: no monitor is told. Its path is a secret as a rule, so that no message shows it."""
        url = self.text("HEARTBEAT_URL")
        if url and not _may_be_told(url):
            raise ImproperlyConfigured(
                "HEARTBEAT_URL is no address that can be told: set it to the https:// URL that the monitor gave you "
                "(http:// to this machine only), without user, password and fragment."
            )
        return url

    @property
    def mapping(self) -> Any:
        return self._env.ENVIRON


def _may_be_told(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        return False
    if not re.fullmatch(r"[!-~]+", url) or not host or "@" in parts.netloc or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(host))


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
