"""The way in for gunicorn. Decides: nothing."""

import os
from collections.abc import Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migracloud.settings")
_django = get_wsgi_application()

from migracloud.odd_requests import readable  # noqa: E402  (needs the settings)


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    environ["CONTENT_TYPE"] = readable(environ.get("CONTENT_TYPE", ""))
    return _django(environ, start_response)
