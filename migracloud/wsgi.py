"""The way in for gunicorn. Decides: nothing."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migracloud.settings")
application = get_wsgi_application()
