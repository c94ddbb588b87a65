"""What bootstrap makes of a declaration: rows, a report of each change, and nothing at all when it refuses.

Decides: what operators can rely on when they run it again. Not: which files are sound (test_declaration.py).
"""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from audit.models import AuditEvent
from audit.services import SYSTEM
from clusters.bootstrap import Change, Report, Verb, bootstrap
from clusters.declaration import DeclarationRefused, declaration_of
from clusters.models import Cluster, MarkKey, Node, StorageTier, TemplateCopy
from clusters.planes import plane_of
from clusters.secrets import unseal
from demo.layout import OWNERS, VERSION
from ipam.models import AddressRange, IPLease, Network, Subnet
from ipam.services import allocate
from pods.models import CloudPod
from tenants.models import Tenant
from tenants.services import create_tenant, platform_tenant
from tests.clusters.declared import ABSENT, CLUSTER, COPY, MODELS, SECRET, SUBNET, TIER, everything, with_changes


@pytest.fixture
def tenant(db: None) -> Tenant:
    return create_tenant(by=SYSTEM, reference="TENANT-101", name="Alice's shop")


def run(environ: dict[str, str], changes: dict[str, Any] | None = None, *, dry_run: bool = False) -> Report:
    return bootstrap(declaration_of(with_changes(changes or {}), environ), dry_run=dry_run)


def refused_keys(environ: dict[str, str], changes: dict[str, Any]) -> list[str]:
    """The keys of a refusal, which must have changed nothing."""
    before = everything()
    with pytest.raises(DeclarationRefused) as refused:
        run(environ, changes)
    assert everything() == before
    return [problem.key for problem in refused.value.problems]


def told(changes: list[Change]) -> dict[str, dict[str, tuple[object, object]]]:
    return {
        f"{change.verb} {change}": {field.name: (field.before, field.after) for field in change.fields}
        for change in changes
    }


def live_pod(tenant: Tenant, *, vmid: int = 9100, node: str = "pve") -> CloudPod:
    copy = TemplateCopy.objects.select_related("cluster", "node", "tier").get(node__name=node)
    return CloudPod.objects.create(
        tenant=tenant,
        cluster=copy.cluster,
        node=copy.node,
        tier=copy.tier,
        source=copy,
        vmid=vmid,
        hostname=f"pod{vmid}",
        cores=2,
        memory_mib=2048,
        swap_mib=512,
        disk_gib=8,
    )


def test_the_demos_file_becomes_the_specs_cluster(environ: dict[str, str]) -> None:
    run(environ)

    cluster = Cluster.objects.get(name="migracloud")
    main = StorageTier.objects.get(name="clients-main")
    assert {node.name: node.address for node in Node.objects.all()} == OWNERS.nodes
    assert {copy.vmid: copy.node.name for copy in TemplateCopy.objects.all()} == OWNERS.template_copies
    assert {tier.name: tier.role for tier in StorageTier.objects.all()} == {
        "clients-main": "primary",
        "clients-backup": "backup",
        "vzdump-backups": "backup",
        "t7-backup": "archive",
        "local": "template",
        "iso-store": "template",
    }
    assert (main.clone_mode, StorageTier.objects.get(name="vzdump-backups").keep_last) == ("linked", 7)
    assert [str(node) for node in StorageTier.objects.get(name="iso-store").nodes.all()] == ["pve"]
    assert (cluster.pod_vmid_first, cluster.pod_vmid_last) == (9100, 9999)
    assert {(span.kind, str(span)) for span in AddressRange.objects.all()} == {
        ("allocatable", "10.1.10.50-10.1.10.250"),
        ("excluded", "10.1.10.70"),
        ("excluded", "10.1.10.90"),
    }


def test_the_cluster_can_be_spoken_to(environ: dict[str, str]) -> None:
    run(environ)

    assert plane_of(Cluster.objects.get()).version() == VERSION


def test_a_new_cluster_gets_one_mark_key_that_later_runs_keep(environ: dict[str, str]) -> None:
    run(environ)
    key = MarkKey.objects.get()
    run(environ, {f"{CLUSTER}.pod_vmids.last": 9899})

    assert len(unseal(key.sealed)) == 32
    assert MarkKey.objects.get().sealed == key.sealed


def test_everything_is_reported_as_created_and_audited_for_the_platform(environ: dict[str, str]) -> None:
    report = run(environ)

    made = sum(model._default_manager.count() for model in MODELS)
    assert (report.count(Verb.CREATED), len(report.objects), len(report.changes)) == (made, made, made)
    events = AuditEvent.objects.filter(actor="manage.py bootstrap")
    assert events.count() == made
    assert {event.tenant_id for event in events} == {platform_tenant().pk}
    assert events.get(action="node.create", resource_name__startswith="pve-02 ").after["address"] == "10.1.10.20"


def test_a_second_run_changes_nothing_and_says_so(environ: dict[str, str]) -> None:
    first = run(environ)
    before = everything()

    again = run(environ)

    assert everything() == before
    assert again.changes == []
    assert again.count(Verb.UNCHANGED) == len(first.objects) - 1  # all but the mark key, which the file does not state
    assert (again.not_in_file, again.warnings) == ([], [])


def test_an_update_shows_before_and_after_of_what_changed_and_nothing_else(environ: dict[str, str]) -> None:
    run(environ)
    changes = {
        "networks[0].description": "The office",
        f"{CLUSTER}.nodes[1].memory_mib": 65536,
        f"{TIER}[5].nodes": ["pve-02", "pve"],
        f"{CLUSTER}.attachments[0].vlan": 10,
        f"{COPY}[1].vmid": 9002,
    }

    report = run(environ, changes)

    assert told(report.changes) == {
        "updated network lan": {"description": ("Management and tenant network", "The office")},
        "updated node pve-02 of cluster migracloud": {"memory_mib": (None, 65536)},
        "updated storage tier iso-store of cluster migracloud": {"nodes": (["pve"], ["pve", "pve-02"])},
        "updated template copy of cloudpod on pve-02 of cluster migracloud": {"vmid": (9001, 9002)},
        "updated attachment to network lan of cluster migracloud": {"vlan": (None, 10)},
    }
    event = AuditEvent.objects.get(action="attachment.update")
    assert (event.before, event.after) == ({"vlan": None}, {"vlan": 10})
    assert run(environ, changes).changes == []


def test_a_dry_run_tells_the_same_and_changes_nothing(environ: dict[str, str]) -> None:
    before = everything()

    dry = run(environ, dry_run=True)

    assert everything() == before
    assert told(dry.changes).keys() == told(run(environ).changes).keys()


def test_ranges_and_exclusions_follow_the_file(environ: dict[str, str]) -> None:
    run(environ)
    changes = {
        f"{SUBNET}.ranges[0].last": "10.1.10.200",
        f"{SUBNET}.exclusions[1]": {"first": "10.1.10.90", "last": "10.1.10.95", "reason": "Builds"},
        f"{SUBNET}.exclusions[0].reason": "The first node",
    }

    report = run(environ, changes)

    assert told(report.changes).keys() == {
        "removed range 10.1.10.50-10.1.10.250 of 10.1.10.0/24",
        "created range 10.1.10.50-10.1.10.200 of 10.1.10.0/24",
        "removed exclusion 10.1.10.90 of 10.1.10.0/24",
        "created exclusion 10.1.10.90-10.1.10.95 of 10.1.10.0/24",
        "updated exclusion 10.1.10.70 of 10.1.10.0/24",
    }
    assert {str(span) for span in AddressRange.objects.all()} == {
        "10.1.10.50-10.1.10.200",
        "10.1.10.70",
        "10.1.10.90-10.1.10.95",
    }


@pytest.mark.parametrize(
    "changes",
    [
        {f"{SUBNET}.ranges[0].first": "10.1.10.60"},
        {f"{SUBNET}.exclusions[2]": {"address": "10.1.10.50", "reason": "A printer"}},
    ],
    ids=["range shrinks", "exclusion is added"],
)
def test_a_live_lease_outside_of_the_new_ranges_stays_and_is_told(
    changes: dict[str, Any], environ: dict[str, str], tenant: Tenant
) -> None:
    run(environ)
    lease = allocate(tenant=tenant, subnet=Subnet.objects.get(), purpose="web of TENANT-101", address="10.1.10.50")

    report = run(environ, changes)

    (warning,) = report.warnings
    assert "10.1.10.50" in warning
    assert "web of TENANT-101" in warning
    assert IPLease.objects.get(pk=lease.pk).released_at is None
    assert run(environ, changes).warnings == []


def test_what_the_file_does_not_mention_is_left_alone_and_told(environ: dict[str, str]) -> None:
    run(environ)
    cluster = Cluster.objects.get()
    Node.objects.create(cluster=cluster, name="pve-03")
    Network.objects.create(name="far")

    report = run(environ, {f"{TIER}[3]": ABSENT, f"{COPY}[1]": ABSENT})

    assert report.changes == []
    assert report.not_in_file == [
        "network far",
        "node pve-03 of cluster migracloud",
        "storage tier t7-backup of cluster migracloud",
        "template copy of cloudpod on pve-02 of cluster migracloud",
    ]
    assert TemplateCopy.objects.count() == 2


def test_a_stored_secret_is_sealed_and_later_runs_need_it_no_more(environ: dict[str, str]) -> None:
    stored = {f"{CLUSTER}.token.store": True}
    run(environ, stored)
    cluster = Cluster.objects.get()
    sealed = cluster.token_sealed

    again = run({name: value for name, value in environ.items() if name != SECRET}, stored)
    same = run(environ, stored)

    assert (cluster.token_env, unseal(sealed).decode()) == ("", environ[SECRET])
    assert (again.changes, same.changes) == ([], [])
    assert Cluster.objects.get().token_sealed == sealed


def test_a_new_secret_replaces_the_stored_one_and_is_shown_nowhere(environ: dict[str, str]) -> None:
    stored = {f"{CLUSTER}.token.store": True}
    run(environ, stored)

    report = run(environ | {SECRET: "another-secret"}, stored)

    assert told(report.changes) == {"updated cluster migracloud": {"token_sealed": ("stored", "stored anew")}}
    assert unseal(Cluster.objects.get().token_sealed) == b"another-secret"
    trail = str(list(AuditEvent.objects.values()))
    assert "another-secret" not in trail
    assert environ[SECRET] not in trail
    assert Cluster.objects.get().token_sealed not in trail


def test_a_secret_to_store_that_is_nowhere_is_refused(environ: dict[str, str]) -> None:
    without = {name: value for name, value in environ.items() if name != SECRET}

    assert refused_keys(without, {f"{CLUSTER}.token.store": True}) == [f"{CLUSTER}.token.secret_env"]


OTHER_TIER = {"name": "fast", "role": "primary", "type": "dir", "content": ["rootdir"]}
OTHER_COPY = {"template": "cloudpod", "node": "pve-03", "tier": "clients-main", "vmid": 9001}

# (what changes, the keys of the refusal) while a pod at VMID 9100 on `pve` lives and holds 10.1.10.50
HELD: list[tuple[str, dict[str, Any], list[str]]] = [
    ("VMIDs begin above a live pod's", {f"{CLUSTER}.pod_vmids.first": 9101}, [f"{CLUSTER}.pod_vmids.first"]),
    (
        "VMIDs end below a live pod's",
        {f"{CLUSTER}.pod_vmids": {"first": 8000, "last": 8999}},
        [f"{CLUSTER}.pod_vmids.last"],
    ),
    ("source's VMID", {f"{COPY}[0].vmid": 9005}, [f"{COPY}[0].vmid"]),
    (
        "VMID of another copy, which moves",
        {f"{COPY}[1].vmid": 9002, f"{COPY}[2]": OTHER_COPY, f"{CLUSTER}.nodes[2]": {"name": "pve-03"}},
        [f"{COPY}[2].vmid"],
    ),
    (
        "source's tier",
        {f"{COPY}[0].tier": "fast", f"{TIER}[6]": OTHER_TIER},
        [f"{COPY}[0].tier"],
    ),
    (
        "tier's role, under a pod and copies that the file drops",
        {f"{TIER}[0].role": "backup", COPY: []},
        [f"{TIER}[0].role"],
    ),
    ("tier leaves the node", {f"{TIER}[0].nodes": ["pve-02"], f"{COPY}[0]": ABSENT}, [f"{TIER}[0].nodes"]),
    ("gateway is leased", {f"{SUBNET}.gateway": "10.1.10.50", f"{SUBNET}.ranges": []}, [f"{SUBNET}.gateway"]),
    ("subnet resized", {f"{SUBNET}.cidr": "10.1.10.0/23"}, [f"{SUBNET}.cidr"]),
    (
        "template VMIDs leave out a copy that the file drops",
        {f"{CLUSTER}.template_vmids.last": 9000, f"{COPY}[1]": ABSENT},
        [f"{CLUSTER}.template_vmids.last"],
    ),
    (
        "a dropped copy's VMID",
        {f"{COPY}[1]": OTHER_COPY, f"{CLUSTER}.nodes[2]": {"name": "pve-03"}},
        [f"{COPY}[1].vmid"],
    ),
    ("cluster renamed", {f"{CLUSTER}.name": "other"}, [f"{CLUSTER}.endpoints[0]"]),
    (
        "network renamed",
        {"networks[0].name": "wan", f"{CLUSTER}.attachments[0].network": "wan"},
        [f"{CLUSTER}.attachments[0].bridge"],
    ),
    (
        "address of a node that the file drops",
        {f"{CLUSTER}.nodes[1]": {"name": "pve-03"}, f"{COPY}[1]": ABSENT, f"{SUBNET}.ranges[0].first": "10.1.10.20"},
        [f"{SUBNET}.ranges[0].first"],
    ),
]


@pytest.mark.parametrize(("changes", "keys"), [case[1:] for case in HELD], ids=[case[0] for case in HELD])
def test_what_contradicts_what_is_held_is_refused_by_its_key(
    changes: dict[str, Any], keys: list[str], environ: dict[str, str], tenant: Tenant
) -> None:
    run(environ)
    live_pod(tenant)
    allocate(tenant=tenant, subnet=Subnet.objects.get(), purpose="pod9100", address="10.1.10.50")

    assert refused_keys(environ, changes) == keys


def test_a_pod_that_is_gone_holds_nothing_back(environ: dict[str, str], tenant: Tenant) -> None:
    run(environ)
    pod = live_pod(tenant)
    CloudPod.objects.filter(pk=pod.pk).update(phase="gone", gone_at=timezone.now())

    report = run(environ, {f"{COPY}[0].vmid": 9005, f"{CLUSTER}.pod_vmids.first": 9101})

    assert len(report.changes) == 2


def test_a_cluster_delivers_keys_as_it_declares_and_else_not_at_all(environ: dict[str, str]) -> None:
    run(environ)
    assert Cluster.objects.get().key_delivery == "env"

    for declared, delivery in (("script", "script"), ("none", "none"), ("env", "env"), (ABSENT, "none")):
        report = run(environ, {f"{CLUSTER}.key_delivery": declared})

        assert Cluster.objects.get().key_delivery == delivery
        assert len(report.changes) == 1
