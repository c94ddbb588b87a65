"""The data plane in the admin: what bootstrap declared, and the switches that take a part out of use.

Decides: columns, filters, and which fields are edited. Not: the declaration (bootstrap), nor what pages to read tell
(pages.py, pages_nodes.py). Secrets are never shown.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from audit import look
from audit.admin_base import ReadAdmin
from audit.admin_pages import EditedPageAdmin
from clusters import admin_findings as admin_findings  # its pages are registered with these
from clusters import admin_freezes as admin_freezes  # likewise
from clusters import pages as pages  # what its pages to read tell is registered with these
from clusters.admin_check import CheckedAdmin
from clusters.admin_seen import SeenCluster, SeenNode, SeenTier
from clusters.models import Attachment, Cluster, GoldenTemplate, MarkKey, Node, StorageTier, TemplateCopy
from clusters.pages_nodes import with_promised
from tenants.admin_base import SwitchAdmin

DECLARED = "Declare it in the cluster's file and run: manage.py bootstrap demo/cluster.toml"


class Switchable(SwitchAdmin):
    """What placement may be told to leave alone. What runs there stays."""

    switches = ("enabled",)
    empty_hint = DECLARED

    @display(description="In use", ordering="enabled")
    def in_use(self, row: Any) -> str:
        return look.yes_no(row.enabled)


@admin.register(Cluster)
class ClusterAdmin(SeenCluster, EditedPageAdmin, CheckedAdmin, Switchable):
    page_template = "admin/clusters/cluster/page.html"
    resource_kind = "cluster"
    list_display = ["name", "in_use", "seen", "first_endpoint", "pod_vmids"]
    list_select_related = ["observation"]
    list_filter = ["enabled"]
    search_fields = ["name", "token_id"]
    search_help_text = "Name or token"
    fieldsets = [(None, {"fields": [("name", "enabled")]})]

    @display(description="Endpoint")
    def first_endpoint(self, cluster: Cluster) -> str:
        rest = len(cluster.endpoints) - 1
        return f"{cluster.endpoints[0]}{f' and {rest} more' if rest else ''}" if cluster.endpoints else look.NOTHING

    @display(description="VMIDs of pods", ordering="pod_vmid_first")
    def pod_vmids(self, cluster: Cluster) -> str:
        return f"{cluster.pod_vmid_first}-{cluster.pod_vmid_last}"


@admin.register(MarkKey)
class MarkKeyAdmin(ReadAdmin):
    list_display = ["key_id", "cluster", "state", "created", "retired"]
    list_select_related = ["cluster"]
    list_filter = ["cluster"]
    search_fields = ["key_id", "cluster__name"]
    search_help_text = "Key or cluster"
    fieldsets = [(None, {"fields": [("key_id", "cluster"), ("state", "created"), "retired"]})]
    empty_hint = "A cluster's first key comes with its declaration."

    @display(description="State", ordering="retired_at")
    def state(self, key: MarkKey) -> str:
        return look.badge("retired") if key.retired_at else look.badge("signs", tone="good")

    @display(description="Created", ordering="created_at")
    def created(self, key: MarkKey) -> str:
        return look.ago(key.created_at)

    @display(description="Retired", ordering="retired_at")
    def retired(self, key: MarkKey) -> str:
        return look.ago(key.retired_at)


@admin.register(Node)
class NodeAdmin(SeenNode, EditedPageAdmin, Switchable):
    page_template = "admin/clusters/node/page.html"
    resource_kind = "node"
    list_display = ["name", "cluster", "in_use", "seen", "load", "memory_used", "pod_count", "memory"]
    list_select_related = ["cluster", "observation"]
    list_filter = ["enabled", "cluster"]
    search_fields = ["name", "cluster__name", "address"]
    search_help_text = "Name, cluster or address"
    fieldsets = [(None, {"fields": [("name", "cluster"), "enabled"]})]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Node]:
        return with_promised(super().get_queryset(request))

    @display(description="Pods", ordering="live")
    def pod_count(self, node: Any) -> str:
        return str(node.live)

    @display(description="Memory promised", ordering="promised_mib")
    def memory(self, node: Any) -> str:
        return look.filling(node.promised_mib, node.memory_mib)


@admin.register(StorageTier)
class StorageTierAdmin(SeenTier, ReadAdmin):
    list_display = ["name", "role_badge", "cluster", "storage_type", "clone_mode", "where", "fullest"]
    list_select_related = ["cluster"]
    list_filter = ["role", "cluster", "shared"]
    search_fields = ["name", "cluster__name", "storage_type"]
    search_help_text = "Name, cluster or type"
    empty_hint = DECLARED
    fieldsets = [
        (None, {"fields": [("name", "cluster"), ("role_badge", "storage_type")]}),
        ("What it offers", {"fields": [("clone_mode", "is_shared"), ("holds", "where"), "keep_last"]}),
        ("Seen", {"fields": ["used"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[StorageTier]:
        tiers: QuerySet[StorageTier] = super().get_queryset(request)
        return tiers.prefetch_related("nodes")

    @display(description="Role", ordering="role")
    def role_badge(self, tier: StorageTier) -> str:
        return look.badge(tier.role, tone="good" if tier.role == StorageTier.Role.PRIMARY else "quiet")

    @display(description="Shared", ordering="shared")
    def is_shared(self, tier: StorageTier) -> str:
        return "yes" if tier.shared else "no"

    @display(description="On")
    def where(self, tier: StorageTier) -> str:
        return ", ".join(node.name for node in tier.nodes.all()) or "every node"

    @display(description="Content")
    def holds(self, tier: StorageTier) -> str:
        return ", ".join(tier.content) or look.NOTHING


@admin.register(Attachment)
class AttachmentAdmin(ReadAdmin):
    list_display = ["network", "cluster", "bridge", "vlan"]
    list_display_links = ["network"]
    list_select_related = ["network", "cluster"]
    list_filter = ["cluster", "network"]
    search_fields = ["network__name", "cluster__name", "bridge"]
    search_help_text = "Network, cluster or bridge"
    fieldsets = [(None, {"fields": [("network", "cluster"), ("bridge", "vlan")]})]
    empty_hint = DECLARED


@admin.register(GoldenTemplate)
class GoldenTemplateAdmin(ReadAdmin):
    list_display = ["name", "appliance", "cores", "memory", "disk", "copy_count"]
    search_fields = ["name", "appliance"]
    search_help_text = "Name or appliance"
    fieldsets = [(None, {"fields": ["name", "appliance", ("cores", "memory"), ("swap_mib", "disk"), "copy_count"]})]
    empty_hint = DECLARED

    def get_queryset(self, request: HttpRequest) -> QuerySet[GoldenTemplate]:
        templates: QuerySet[GoldenTemplate] = super().get_queryset(request)
        return templates.annotate(copy_total=Count("copies"))

    @display(description="Memory", ordering="memory_mib")
    def memory(self, template: GoldenTemplate) -> str:
        return look.memory(template.memory_mib)

    @display(description="Disk", ordering="disk_gib")
    def disk(self, template: GoldenTemplate) -> str:
        return f"{template.disk_gib} GiB"

    @display(description="Copies", ordering="copy_total")
    def copy_count(self, template: Any) -> str:
        return str(template.copy_total)


@admin.register(TemplateCopy)
class TemplateCopyAdmin(Switchable):
    resource_kind = "template_copy"
    list_display = ["template", "vmid", "node", "tier", "in_use", "cluster"]
    list_select_related = ["template", "node", "tier", "cluster"]
    list_filter = ["enabled", "cluster"]
    search_fields = ["template__name", "node__name", "vmid__startswith"]
    search_help_text = "Template, node or VMID"
    fieldsets = [(None, {"fields": [("template", "vmid"), ("cluster", "node"), ("tier", "enabled")]})]
