"""The admin's dress: title, colours, and the sidebar by concern.

Decides: how the admin is arranged. Not: what each page shows (each app's admin.py).
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

# Group -> its pages: title, icon, app and model.
GROUPS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "Workloads": (
        ("CloudPods", "deployed_code", "pods.cloudpod"),
        ("Operations", "sync_alt", "operations.operation"),
        ("Lanes", "traffic", "operations.lane"),
        ("Freezes", "ac_unit", "operations.freeze"),
        ("Findings", "report", "clusters.finding"),
        ("Processes", "monitor_heart", "operations.heartbeat"),
    ),
    "Addresses": (
        ("IP leases", "lan", "ipam.iplease"),
        ("Networks", "hub", "ipam.network"),
        ("Subnets", "account_tree", "ipam.subnet"),
        ("Ranges", "data_array", "ipam.addressrange"),
    ),
    "Data plane": (
        ("Clusters", "workspaces", "clusters.cluster"),
        ("Nodes", "dns", "clusters.node"),
        ("Storage tiers", "hard_drive", "clusters.storagetier"),
        ("Golden templates", "stars", "clusters.goldentemplate"),
        ("Template copies", "content_copy", "clusters.templatecopy"),
        ("Attachments", "cable", "clusters.attachment"),
        ("Mark keys", "key", "clusters.markkey"),
    ),
    "Governance": (
        ("Tenants", "apartment", "tenants.tenant"),
        ("Users", "person", "tenants.user"),
        ("Memberships", "group", "tenants.membership"),
        ("API tokens", "token", "tenants.apitoken"),
        ("Audit", "history", "audit.auditevent"),
    ),
}


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar: what the person may see. Two queries, for the badges."""
    from migracloud.dashboard import findings_open, pods_in_need

    groups: list[dict[str, Any]] = []
    for title, pages in GROUPS.items():
        items = [_item(request, *page) for page in pages if _may_see(request, page[2])]
        if title == "Workloads" and _may_see(request, "clusters.finding") and (count := findings_open()):
            next(item for item in items if item["title"] == "Findings")["badge"] = count
        if title == "Workloads":
            items.insert(0, {"title": "Overview", "icon": "dashboard", "link": reverse("admin:index")})
        if title == "Workloads" and _may_see(request, "pods.cloudpod") and (count := pods_in_need()):
            items[1]["badge"] = count
        if items:
            groups.append({"title": title, "items": items, "separator": bool(groups)})
    return groups


def _item(request: HttpRequest, title: str, icon: str, model: str) -> dict[str, Any]:
    link = reverse(f"admin:{model.replace('.', '_')}_changelist")
    return {"title": title, "icon": icon, "link": link, "active": request.path.startswith(link)}


def _may_see(request: HttpRequest, label: str) -> bool:
    app, model = label.split(".")
    user = request.user
    return user.has_perm(f"{app}.view_{model}") or user.has_perm(f"{app}.change_{model}")


def environment(request: HttpRequest) -> list[str]:
    """The badge in each page's corner: whoever is about to destroy something sees where."""
    if settings.DEBUG:
        return ["Development", "info"]
    return ["Demo", "warning"] if settings.INSECURE_HTTP else ["Production", "danger"]


def style_sheet(request: HttpRequest) -> str:
    return static("migracloud/admin.css")


def icon(request: HttpRequest) -> str:
    return static("migracloud/icon.svg")


def script(request: HttpRequest) -> str:
    return static("migracloud/admin.js")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "MigraCloud",
    "SITE_HEADER": "MigraCloud",
    "SITE_SUBHEADER": "control plane",
    "SITE_SYMBOL": "deployed_code",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": icon}],
    "SITE_URL": None,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "migracloud.unfold.environment",
    "DASHBOARD_CALLBACK": "migracloud.dashboard.overview",
    "STYLES": [style_sheet],
    "SCRIPTS": [script],
    "COMMAND": {"search_callback": "migracloud.admin_search.search"},
    "SIDEBAR": {"show_search": True, "command_search": True, "navigation": navigation},
}
