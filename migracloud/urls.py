"""Every address of the site, in one place. Decides: the prefixes. Not: what is behind them."""

from django.contrib import admin
from django.urls import include, path, re_path
from rest_framework.routers import DefaultRouter

from clusters.api import FindingViewSet, FreezeViewSet
from migracloud import no_page
from migracloud.openapi import views as openapi
from migracloud.portal.views import root
from operations.api import OperationViewSet
from pods.api import PodViewSet
from pods.api_tenants import TenantWithPodsViewSet

router = DefaultRouter(trailing_slash=False)
router.include_root_view = False
router.include_format_suffixes = False
router.register("tenants", TenantWithPodsViewSet, basename="tenant")
router.register("pods", PodViewSet, basename="pod")
router.register("operations", OperationViewSet, basename="operation")
router.register("freezes", FreezeViewSet, basename="freeze")
router.register("findings", FindingViewSet, basename="finding")

urlpatterns = [
    path("", root, name="root"),
    path("portal/", include("migracloud.portal.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/openapi.json", openapi.openapi, name="openapi"),
    path("api/v1/docs", openapi.docs, name="docs"),
    path("api/v1/", include(router.urls)),
    re_path(r"^api/", no_page.no_such_route),
]
handler400 = no_page.bad
handler500 = no_page.broken
