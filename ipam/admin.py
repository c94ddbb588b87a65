"""The address plan in the admin: networks, subnets with how full they are, ranges, and who held what when.

Decides: columns, filters, and that only descriptions are edited here. Not: the plan itself (bootstrap declares it), nor
what a subnet's page tells (pages.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from audit import look
from audit.admin_base import ReadAdmin, SinceFilter, TenantFilter
from audit.admin_pages import PageAdmin
from audit.places import list_url
from ipam import pages as pages  # adds to pages of this floor and of one below
from ipam.models import AddressRange, IPLease, Network, Subnet
from ipam.queries import Usage, usage_by_subnet
from tenants.admin_base import SwitchAdmin

DECLARED = "Declare it in the cluster's file and run: manage.py bootstrap demo/cluster.toml"


@admin.register(Network)
class NetworkAdmin(SwitchAdmin):
    switches = ("description",)
    resource_kind = "network"
    list_display = ["name", "description", "subnet_count"]
    search_fields = ["name", "description"]
    search_help_text = "Name or description"
    fieldsets = [(None, {"fields": ["name", "description"]})]
    empty_hint = DECLARED

    def get_queryset(self, request: HttpRequest) -> QuerySet[Network]:
        networks: QuerySet[Network] = super().get_queryset(request)
        return networks.annotate(subnet_count=Count("subnets"))

    @display(description="Subnets")
    def subnet_count(self, network: Any) -> str:
        return look.link(list_url(Subnet, network__id__exact=str(network.pk)), network.subnet_count)


@admin.register(Subnet)
class SubnetAdmin(PageAdmin):
    page_template = "admin/ipam/subnet/page.html"
    list_display = ["cidr", "network", "gateway", "usage"]
    list_select_related = ["network"]
    list_filter = ["network"]
    search_fields = ["cidr", "network__name"]
    search_help_text = "CIDR or network"
    empty_hint = DECLARED

    def read_along(self, rows: Sequence[Any]) -> None:
        usages = usage_by_subnet(subnet.pk for subnet in rows)
        for subnet in rows:
            subnet.usage_now = usages.get(subnet.pk, Usage())

    @display(description="Addresses held")
    def usage(self, subnet: Any) -> str:
        held, capacity = subnet.usage_now.held, subnet.usage_now.capacity
        return look.meter(held, capacity, f"{held} of {capacity}")


@admin.register(AddressRange)
class AddressRangeAdmin(SwitchAdmin):
    switches = ("reason",)
    resource_kind = "address_range"
    list_display = ["span", "kind_badge", "subnet", "reason"]
    list_select_related = ["subnet"]
    list_filter = ["kind", "subnet"]
    search_fields = ["first", "last", "reason"]
    search_help_text = "Address or reason"
    fieldsets = [(None, {"fields": [("first", "last"), ("kind", "subnet"), "reason"]})]
    empty_hint = DECLARED

    @display(description="Range", ordering="first")
    def span(self, span: AddressRange) -> str:
        return str(span)

    @display(description="Kind", ordering="kind")
    def kind_badge(self, span: AddressRange) -> str:
        return look.badge(span.kind)


class HeldFilter(admin.SimpleListFilter):
    title = "lease"
    parameter_name = "held"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "held now"), ("no", "released")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = {"yes": True, "no": False}.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(released_at__isnull=wanted)


class LeasedSinceFilter(SinceFilter):
    field = "leased_at"


@admin.register(IPLease)
class IPLeaseAdmin(ReadAdmin):
    list_display = ["address", "state", "tenant", "network", "purpose", "leased", "released"]
    list_select_related = ["tenant", "network", "subnet"]
    list_filter = [HeldFilter, TenantFilter, "network", "subnet", LeasedSinceFilter]
    search_fields = ["address", "purpose", "tenant__reference"]
    search_help_text = "Address, purpose or tenant"
    empty_hint = "Nobody holds an address yet; a pod gets one when it is created."
    fieldsets = [
        (None, {"fields": [("address", "state"), ("tenant", "purpose")]}),
        ("Where and when", {"fields": [("network", "subnet"), ("leased", "released")]}),
    ]

    @display(description="Lease", ordering="released_at")
    def state(self, lease: IPLease) -> str:
        return look.badge("held" if lease.released_at is None else "released")

    @display(description="Leased", ordering="leased_at")
    def leased(self, lease: IPLease) -> str:
        return look.ago(lease.leased_at)

    @display(description="Released", ordering="released_at")
    def released(self, lease: IPLease) -> str:
        return look.ago(lease.released_at)
