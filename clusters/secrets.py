"""Secrets that the database must hold, encrypted with keys from the environment (SECRETS_KEYS).

Decides: how a secret is sealed and opened, and key rotation (the first key seals, all of them open).
Not: which secrets there are.
"""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from core.errors import Refused


class CannotOpen(Refused):
    """A sealed secret was sealed with a key that SECRETS_KEYS no longer has."""

    code = "secret_unreadable"
    status = 500


def seal(secret: bytes) -> str:
    """Encrypt for a text column."""
    return _keys().encrypt(secret).decode()


def unseal(sealed: str) -> bytes:
    """Refused: CannotOpen."""
    try:
        return _keys().decrypt(sealed.encode())
    except InvalidToken:
        raise CannotOpen(
            "A stored secret cannot be opened: SECRETS_KEYS lacks the key that it was sealed with. Add that key again."
        ) from None


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.SECRETS_KEYS])
