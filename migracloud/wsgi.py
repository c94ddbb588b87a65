"""The way in for gunicorn. Decides: how a wrong setting is told; nothing else."""

import os
import sys
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migracloud.settings")
try:
    _django = get_wsgi_application()
except ImproperlyConfigured as error:
    sys.stderr.write(f"migracloud: {error}\n")
    sys.exit(4)  # gunicorn's own number for an application that cannot be loaded: it does not try again

from migracloud.odd_requests import readable


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    environ["CONTENT_TYPE"] = readable(environ.get("CONTENT_TYPE", ""))
    return _django(environ, start_response)
