"""Reads and verifies a container's mark, as the design describes it and without the product's own code.

Decides: what a true mark is. Not: whose container it should be on.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

WORD = "migracloud-mark"


def read(description: str, secrets: Mapping[str, bytes]) -> dict[str, str] | str:
    """What the one signed line says, by name; or what is wrong with it."""
    lines = [line for line in description.split("\n") if line.startswith(WORD)]
    if len(lines) != 1:
        return f"it bears {len(lines)} marks"
    signed, found, signature = lines[0].rpartition(" signature=")
    if not found:
        return "its mark is not signed"
    parts = dict(part.split("=", 1) for part in signed.split(" ") if "=" in part)
    secret = secrets.get(parts.get("key", ""))
    if secret is None:
        return "its mark is signed with a key that nobody knows"
    if hmac.new(secret, signed.encode(), hashlib.sha256).hexdigest() != signature:
        return "its mark is forged"
    return parts
