"""The admin's form of a new pod, filled in and sent as a browser does; and all rows there are, to be compared.

Decides: what is typed unless a test says otherwise. Not: what is tested.
"""

from __future__ import annotations

from django.apps import apps
from django.urls import reverse
from django_q.models import OrmQ

from tests.desk import OURS, desk

NEW = "admin:pods_cloudpod_new"
PREVIEW = "admin:pods_cloudpod_new_preview"
TENANTS = "admin:pods_cloudpod_new_tenants"
TYPED = {"tenant": "TENANT-101", "hostname": "web", "plan": "medium", "ssh_keys": "", "reason": "asked by phone"}


def everything():
    """All rows of ours, and the hints."""
    models = [*(model for label in OURS for model in apps.get_app_config(label).get_models()), OrmQ]
    return {model._meta.label: sorted(map(str, model._default_manager.values_list())) for model in models}


def post(name, client=None, **typed):
    return (client or desk()).post(reverse(name), {**TYPED, **typed})


def problem_at(html, field):
    """What is written at a field, as those hear it who do not see it."""
    before, _, after = html.partition(f'id="id_{field}_problem"')
    assert f'id_{field}_problem"' in before, "no input is described by it"
    return after.partition(">")[2].partition("</p>")[0]
