"""Makes Django's admin use our site. Apart from admin_site.py, which needs the models: apps are loaded before them.

Decides: which site class the admin uses.
"""

from django.contrib.admin.apps import AdminConfig


class MigraCloudAdminConfig(AdminConfig):
    default_site = "migracloud.admin_site.MigraCloudAdminSite"
