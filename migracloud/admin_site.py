"""The admin site, in unfold's dress.

Decides: which site class Django's admin uses. Not: what each model shows (each app's admin.py).
"""

from django.contrib.admin.apps import AdminConfig
from unfold.sites import UnfoldAdminSite


class MigraCloudAdminSite(UnfoldAdminSite):
    """Unfold's site with our names."""


class MigraCloudAdminConfig(AdminConfig):
    default_site = "migracloud.admin_site.MigraCloudAdminSite"
