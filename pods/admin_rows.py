"""What belongs to pods in the admin: cards, addresses, VMIDs, snapshots. All of it is read.

Decides: columns, filters and pages. Not: the pods themselves (admin.py).
"""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin import display
from django.utils.html import format_html

from audit import look
from audit.admin_base import ReadAdmin, TenantFilter
from audit.places import page_url
from pods.models import CloudPod, Interface, InterfaceAddress, Snapshot, VmidHold


@admin.register(Interface)
class InterfaceAdmin(ReadAdmin):
    list_display = ["pod_name", "card", "mac", "network", "bridge", "vlan", "tenant"]
    list_display_links = ["card"]
    list_select_related = ["pod", "network", "tenant"]
    list_filter = ["network", TenantFilter]
    search_fields = ["mac", "pod__hostname", "tenant__reference"]
    search_help_text = "MAC, pod or tenant"
    empty_hint = "A network card comes with its pod."
    ordering = ["-id"]
    fieldsets = [(None, {"fields": [("pod", "card"), ("mac", "network"), ("bridge", "vlan"), "tenant"]})]

    @display(description="Pod", ordering="pod__hostname")
    def pod_name(self, interface: Interface) -> str:
        return look.link(page_url(interface.pod), interface.pod)

    @display(description="Card", ordering="index")
    def card(self, interface: Interface) -> str:
        return f"net{interface.index}"


@admin.register(InterfaceAddress)
class InterfaceAddressAdmin(ReadAdmin):
    list_display = ["lease", "pod_name", "card", "is_primary", "held", "tenant"]
    list_select_related = ["lease", "interface__pod", "tenant"]
    list_filter = ["primary", TenantFilter]
    search_fields = ["lease__address", "interface__pod__hostname", "tenant__reference"]
    search_help_text = "Address, pod or tenant"
    empty_hint = "A pod's address comes with the pod."
    ordering = ["-id"]
    fieldsets = [(None, {"fields": [("lease", "held"), ("pod_name", "card"), ("is_primary", "tenant")]})]

    @display(description="Pod", ordering="interface__pod__hostname")
    def pod_name(self, address: InterfaceAddress) -> str:
        return look.link(page_url(address.interface.pod), address.interface.pod)

    @display(description="Card", ordering="interface__index")
    def card(self, address: InterfaceAddress) -> str:
        return f"net{address.interface.index}"

    @display(description="Primary", ordering="primary")
    def is_primary(self, address: InterfaceAddress) -> str:
        return "yes" if address.primary else "no"

    @display(description="Lease", ordering="lease__released_at")
    def held(self, address: InterfaceAddress) -> str:
        return look.badge("held" if address.lease.released_at is None else "released")


@admin.register(VmidHold)
class VmidHoldAdmin(ReadAdmin):
    list_display = ["number", "state", "pod_name", "cluster", "tenant", "taken", "released"]
    list_select_related = ["pod", "cluster", "tenant"]
    list_filter = ["cluster", "held_back", TenantFilter]
    search_fields = ["vmid__startswith", "pod__hostname", "tenant__reference"]
    search_help_text = "VMID, pod or tenant"
    empty_hint = "A pod's VMID comes with the pod; the row is kept for ever."
    ordering = ["-id"]
    fieldsets = [(None, {"fields": [("number", "state"), ("pod_name", "cluster"), ("tenant", "taken"), "released"]})]

    @display(description="VMID", ordering="vmid")
    def number(self, hold: VmidHold) -> str:
        return look.code(hold.vmid)

    @display(description="State", ordering="released_at")
    def state(self, hold: VmidHold) -> str:
        if hold.released_at is None:
            return look.badge("held")
        return look.badge("held back", tone="warn") if hold.held_back else look.badge("released")

    @display(description="Pod", ordering="pod__hostname")
    def pod_name(self, hold: VmidHold) -> str:
        return _pod_link(hold.pod)

    @display(description="Taken", ordering="taken_at")
    def taken(self, hold: VmidHold) -> str:
        return look.ago(hold.taken_at)

    @display(description="Released", ordering="released_at")
    def released(self, hold: VmidHold) -> str:
        return look.ago(hold.released_at)


@admin.register(Snapshot)
class SnapshotAdmin(ReadAdmin):
    list_display = ["name", "state_badge", "pod_name", "tenant", "created", "description"]
    list_select_related = ["pod", "tenant"]
    list_filter = ["state", TenantFilter]
    search_fields = ["name", "pod__hostname", "tenant__reference"]
    search_help_text = "Name, pod or tenant"
    empty_hint = "Nobody has taken a snapshot yet."
    ordering = ["-id"]
    fieldsets = [(None, {"fields": [("name", "state_badge"), ("pod_name", "tenant"), ("created", "description")]})]

    @display(description="State", ordering="state")
    def state_badge(self, snapshot: Snapshot) -> str:
        return look.badge(snapshot.state)

    @display(description="Pod", ordering="pod__hostname")
    def pod_name(self, snapshot: Snapshot) -> str:
        return _pod_link(snapshot.pod)

    @display(description="Taken", ordering="created_at")
    def created(self, snapshot: Snapshot) -> str:
        return look.ago(snapshot.created_at)


def _pod_link(pod: CloudPod) -> str:
    """A host name has up to 63 letters, and a narrow window has to hold it."""
    return format_html('<a class="mc-link mc-anywhere" href="{}">{}</a>', page_url(pod), pod)
