"""The admin's dress: title, colours, and the sidebar by concern.

Decides: how the admin is arranged. Not: what each page shows (each app's admin.py).
"""

from typing import Any

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "MigraCloud",
    "SITE_HEADER": "MigraCloud",
    "SITE_SUBHEADER": "control plane",
}
