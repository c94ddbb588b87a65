"""What of other packages is not in the admin: the queue's tables hold hints that may be lost, no truth to look at.

Decides: only that. Not: our own models (each app's admin.py).
"""

from django.contrib import admin
from django_q.models import Failure, OrmQ, Schedule, Success

for _model in (Failure, OrmQ, Schedule, Success):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)
