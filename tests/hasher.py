"""The hasher of passwords in tests: Django's own with one round, where a million take a quarter of a second.

Decides: how long to log in takes in tests. Not: how passwords are kept (settings.py); the product's processes can read
what this one writes.
"""

from __future__ import annotations

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    iterations = 1
