"""The admin's dress: title, colours, and the sidebar by concern.

Decides: how the admin is arranged. Not: what each page shows (each app's admin.py).
"""

from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse


class Page(NamedTuple):
    """A list in the menu."""

    title: str
    icon: str
    model: str

    @property
    def url(self) -> str:
        return reverse(f"admin:{self.model.replace('.', '_')}_changelist")


# By concern: what runs, what it runs on, where it is reached, whose it is, and what happened.
GROUPS: dict[str, tuple[Page, ...]] = {
    "Workloads": (
        Page("CloudPods", "deployed_code", "pods.cloudpod"),
        Page("Snapshots", "photo_camera", "pods.snapshot"),
        Page("Operations", "sync_alt", "operations.operation"),
        Page("Lanes", "traffic", "operations.lane"),
        Page("Freezes", "ac_unit", "operations.freeze"),
    ),
    "Data plane": (
        Page("Findings", "report", "clusters.finding"),
        Page("Clusters", "workspaces", "clusters.cluster"),
        Page("Nodes", "dns", "clusters.node"),
        Page("Storage tiers", "hard_drive", "clusters.storagetier"),
        Page("Golden templates", "stars", "clusters.goldentemplate"),
        Page("Template copies", "content_copy", "clusters.templatecopy"),
        Page("Attachments", "cable", "clusters.attachment"),
        Page("Mark keys", "key", "clusters.markkey"),
    ),
    "Addresses": (
        Page("IP leases", "lan", "ipam.iplease"),
        Page("Networks", "hub", "ipam.network"),
        Page("Subnets", "account_tree", "ipam.subnet"),
        Page("Ranges", "data_array", "ipam.addressrange"),
        Page("Cards and MACs", "settings_ethernet", "pods.interface"),
        Page("VMIDs", "tag", "pods.vmidhold"),
    ),
    "People": (
        Page("Tenants", "apartment", "tenants.tenant"),
        Page("Users", "person", "tenants.user"),
        Page("Groups", "groups", "auth.group"),
        Page("Memberships", "badge", "tenants.membership"),
        Page("API tokens", "token", "tenants.apitoken"),
    ),
    "Record": (
        Page("Audit", "history", "audit.auditevent"),
        Page("Tries", "replay", "operations.attempt"),
        Page("Cancellations", "cancel", "operations.cancellation"),
        Page("Processes", "monitor_heart", "operations.heartbeat"),
    ),
}


def pages(request: HttpRequest) -> list[tuple[str, Page]]:
    """Each list that the person may see, with its group."""
    return [(group, page) for group, found in GROUPS.items() for page in found if _may_see(request, page.model)]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar: what the person may see. Two queries, for the badges."""
    from migracloud.dashboard import findings_open, pods_in_need

    counts = {"clusters.finding": findings_open, "pods.cloudpod": pods_in_need}
    groups: dict[str, list[dict[str, Any]]] = {
        "Workloads": [{"title": "Overview", "icon": "dashboard", "link": reverse("admin:index")}]
    }
    for group, page in pages(request):
        item = {"title": page.title, "icon": page.icon, "link": page.url, "active": request.path.startswith(page.url)}
        if page.model in counts and (count := counts[page.model]()):
            item["badge"] = count
        groups.setdefault(group, []).append(item)
    return [{"title": group, "items": items, "separator": group != "Workloads"} for group, items in groups.items()]


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


def overview_style_sheet(request: HttpRequest) -> str:
    return static("migracloud/overview.css")


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
    "STYLES": [style_sheet, overview_style_sheet],
    "SCRIPTS": [script],
    "SIDEBAR": {"show_search": True, "command_search": True, "navigation": navigation},
}
