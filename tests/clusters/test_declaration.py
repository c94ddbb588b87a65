"""What a declaration may say: the demo's is sound, and every contradiction is refused by the key that states it.

Decides: what the file's readers can rely on. Not: what becomes of a sound file (test_bootstrap.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clusters.declaration import DeclarationRefused, Problem, declaration_of, read_declaration
from clusters.declaration.shape import Declaration
from demo import certs
from demo.layout import OWNERS
from tests.clusters.declared import ABSENT, CLUSTER, DEMO, SUBNET, demo_document, with_changes


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment that the demo's file is read in."""
    ca = certs.make(tmp_path_factory.mktemp("ca")).ca
    return {
        "DEMO_PVE_URL": "https://127.0.0.1:8006",
        "DEMO_PVE_CA": str(ca),
        "DEMO_PVE_TOKEN_SECRET": "0b5e6f3a-secret",
        "EMPTY": "",
        "NOT_A_CERTIFICATE": __file__,
        "ODD_SECRET": "with a space",
    }


def problems_of(document: dict[str, Any], environ: dict[str, str]) -> tuple[Problem, ...]:
    with pytest.raises(DeclarationRefused) as refused:
        declaration_of(document, environ)
    return refused.value.problems


NODE, TIER, COPY = f"{CLUSTER}.nodes", f"{CLUSTER}.tiers", f"{CLUSTER}.template_copies"
RANGE, EXCLUSION, ATTACHMENT = f"{SUBNET}.ranges", f"{SUBNET}.exclusions", f"{CLUSTER}.attachments"
OTHER_TEMPLATE = {"name": "other", "appliance": "a", "cores": 1, "memory_mib": 512, "swap_mib": 0, "disk_gib": 4}
OTHER_NETWORK = {"name": "db", "subnets": [{"cidr": "10.2.0.0/24"}]}


def other_cluster(**values: Any) -> dict[str, Any]:
    basis = {key: value for key, value in demo_document()["clusters"][0].items() if isinstance(value, (str, dict))}
    return {**basis, "name": "other", "endpoints": ["https://pve.example.net:8006"], **values}


# (what is wrong, the changes to the demo's file, the key that the one problem names, a word of its message)
CONTRADICTIONS: list[tuple[str, dict[str, Any], str, str]] = [
    # The address plan
    ("range ends outside", {f"{RANGE}[0].last": "10.1.11.5"}, f"{RANGE}[0].last", "not within the subnet"),
    ("range begins outside", {f"{RANGE}[0].first": "10.1.9.50"}, f"{RANGE}[0].first", "not within the subnet"),
    (
        "ranges overlap",
        {f"{RANGE}[1]": {"first": "10.1.10.250", "last": "10.1.10.252"}},
        f"{RANGE}[1].first",
        f"overlaps 10.1.10.50-10.1.10.250, stated at {RANGE}[0]",
    ),
    (
        "exclusions overlap",
        {f"{EXCLUSION}[2]": {"first": "10.1.10.88", "last": "10.1.10.92", "reason": "x"}},
        f"{EXCLUSION}[2].first",
        "overlaps",
    ),
    (
        "an exclusion twice",
        {f"{EXCLUSION}[2]": {"address": "10.1.10.90", "reason": "x"}},
        f"{EXCLUSION}[2].address",
        "overlaps",
    ),
    (
        "exclusion outside",
        {f"{EXCLUSION}[2]": {"address": "10.1.11.1", "reason": "x"}},
        f"{EXCLUSION}[2].address",
        "not within the subnet",
    ),
    (
        "first after last",
        {f"{RANGE}[1]": {"first": "10.1.10.20", "last": "10.1.10.10"}},
        f"{RANGE}[1].first",
        "comes after",
    ),
    (
        "range with the network's address",
        {f"{RANGE}[1]": {"first": "10.1.10.0", "last": "10.1.10.0"}},
        f"{RANGE}[1].first",
        "network's own",
    ),
    ("range with the broadcast", {f"{RANGE}[0].last": "10.1.10.255"}, f"{RANGE}[0].last", "broadcast"),
    ("gateway in a range", {f"{SUBNET}.gateway": "10.1.10.60"}, f"{SUBNET}.gateway", "inside the allocatable part"),
    ("gateway elsewhere", {f"{SUBNET}.gateway": "10.1.11.1"}, f"{SUBNET}.gateway", "not in the subnet"),
    ("gateway is the network", {f"{SUBNET}.gateway": "10.1.10.0"}, f"{SUBNET}.gateway", "network's or the broadcast"),
    ("gateway is the broadcast", {f"{SUBNET}.gateway": "10.1.10.255"}, f"{SUBNET}.gateway", "broadcast"),
    (
        "subnets overlap",
        {"networks[0].subnets[1]": {"cidr": "10.1.10.128/25"}},
        "networks[0].subnets[1].cidr",
        "overlaps 10.1.10.0/24",
    ),
    ("host bits", {f"{SUBNET}.cidr": "10.1.10.1/24"}, f"{SUBNET}.cidr", "host bits"),
    (
        "subnet too small",
        {"networks[0].subnets[1]": {"cidr": "10.9.0.0/31"}},
        "networks[0].subnets[1].cidr",
        "too small",
    ),
    ("no address", {f"{RANGE}[0].first": "10.1.10.500"}, f"{RANGE}[0].first", "not an IPv4 address"),
    ("IPv6", {f"{SUBNET}.gateway": "fd00::1"}, f"{SUBNET}.gateway", "not an IPv4 address"),
    ("exclusion without a reason", {f"{EXCLUSION}[0].reason": ABSENT}, f"{EXCLUSION}[0].reason", "missing"),
    ("address and first", {f"{EXCLUSION}[0].first": "10.1.10.70"}, f"{EXCLUSION}[0].first", "Keep `address`"),
    ("network twice", {"networks[1]": {"name": "lan"}}, "networks[1].name", "stated already at networks[0].name"),
    # Addresses that somebody else has
    ("node's address allocatable", {f"{EXCLUSION}[0]": ABSENT}, f"{NODE}[0].address", "Add it to the exclusions"),
    ("build address allocatable", {f"{EXCLUSION}[1]": ABSENT}, "templates[0].build_address", "while it is built"),
    ("other node in the range", {f"{NODE}[1].address": "10.1.10.71"}, f"{NODE}[1].address", "could be given to a pod"),
    # Words, types, keys
    ("misspelt key", {f"{SUBNET}.gatway": "10.1.10.1"}, f"{SUBNET}.gatway", "no such key"),
    ("misspelt required key", {f"{NODE}[2]": {"nmae": "pve-03"}}, f"{NODE}[2].nmae", "Did you mean name?"),
    ("misspelt table", {"cluster": []}, "cluster", "Known here: clusters, networks"),
    ("secret in the file", {f"{CLUSTER}.token.secret": "x"}, f"{CLUSTER}.token.secret", "no such key"),
    ("unknown role", {f"{TIER}[4].role": "templates"}, f"{TIER}[4].role", "one of primary, backup, archive"),
    ("unknown way for keys", {f"{CLUSTER}.key_delivery": "smtp"}, f"{CLUSTER}.key_delivery", "env, script, none"),
    ("unknown clone mode", {f"{TIER}[0].clone_mode": "fast"}, f"{TIER}[0].clone_mode", "one of linked, full"),
    ("unknown storage type", {f"{TIER}[3].type": "folder"}, f"{TIER}[3].type", "one of"),
    ("unknown content", {f"{TIER}[0].content[1]": "image"}, f"{TIER}[0].content[1]", "one of"),
    ("number as text", {"templates[0].cores": "2"}, "templates[0].cores", "a whole number, not a text"),
    ("number with a point", {"templates[0].cores": 2.0}, "templates[0].cores", "not a number with a point"),
    ("true as a number", {"templates[0].cores": True}, "templates[0].cores", "not true or false"),
    ("text as a number", {"networks[0].name": 7}, "networks[0].name", "a text, not a whole number"),
    ("one as a list", {f"{CLUSTER}.endpoints": "${DEMO_PVE_URL}"}, f"{CLUSTER}.endpoints", "a list, not a text"),
    ("number in a list of texts", {f"{TIER}[5].nodes[0]": 1}, f"{TIER}[5].nodes[0]", "a text, not a whole number"),
    ("text as truth", {f"{TIER}[0].shared": "yes"}, f"{TIER}[0].shared", "true or false, not a text"),
    ("nodes as a table", {NODE: {"name": "pve"}}, NODE, "a list of tables"),
    ("node as a text", {f"{NODE}[2]": "pve-03"}, f"{NODE}[2]", "a table, not a text"),
    ("token missing", {f"{CLUSTER}.token": ABSENT}, f"{CLUSTER}.token", "missing"),
    ("token as a text", {f"{CLUSTER}.token": "x"}, f"{CLUSTER}.token", "a table, not a text"),
    ("no cores", {"templates[0].cores": 0}, "templates[0].cores", "not between 1"),
    ("empty name", {"networks[0].description": ""}, "networks[0].description", "not be empty"),
    ("too long", {"networks[0].description": "x" * 201}, "networks[0].description", "longer than 200"),
    ("control characters", {"networks[0].description": "a\x00b"}, "networks[0].description", "cannot be printed"),
    ("odd network name", {"networks[1]": {"name": "Lan 2"}}, "networks[1].name", "a-z"),
    (
        "template twice",
        {"templates[1]": OTHER_TEMPLATE | {"name": "cloudpod"}},
        "templates[1].name",
        "stated already",
    ),
    # The environment
    ("variable not set", {f"{CLUSTER}.endpoints[0]": "${NO_SUCH}"}, f"{CLUSTER}.endpoints[0]", "NO_SUCH is not set"),
    ("variable empty", {f"{CLUSTER}.ca_file": "${EMPTY}"}, f"{CLUSTER}.ca_file", "EMPTY is not set"),
    # How a cluster is reached
    (
        "endpoint over http",
        {f"{CLUSTER}.endpoints[0]": "http://127.0.0.1:8006"},
        f"{CLUSTER}.endpoints[0]",
        "such as https://",
    ),
    (
        "endpoint with a path",
        {f"{CLUSTER}.endpoints[0]": "https://pve.example.net/api2"},
        f"{CLUSTER}.endpoints[0]",
        "not an endpoint",
    ),
    (
        "endpoint's host name",
        {f"{CLUSTER}.endpoints[0]": "https://pve_1.example.net"},
        f"{CLUSTER}.endpoints[0]",
        "not an endpoint",
    ),
    (
        "endpoint's address",
        {f"{CLUSTER}.endpoints[0]": "https://10.1.10.700"},
        f"{CLUSTER}.endpoints[0]",
        "not an endpoint",
    ),
    ("no endpoint", {f"{CLUSTER}.endpoints": []}, f"{CLUSTER}.endpoints", "at least one"),
    ("endpoint twice", {f"{CLUSTER}.endpoints[1]": "${DEMO_PVE_URL}"}, f"{CLUSTER}.endpoints[1]", "stated already"),
    ("CA and fingerprint", {f"{CLUSTER}.fingerprint": "ab" * 32}, f"{CLUSTER}.fingerprint", "Keep one"),
    ("CA not there", {f"{CLUSTER}.ca_file": "/no/such.pem"}, f"{CLUSTER}.ca_file", "no file /no/such.pem"),
    ("CA not absolute", {f"{CLUSTER}.ca_file": "ca.pem"}, f"{CLUSTER}.ca_file", "not an absolute path"),
    ("CA no certificate", {f"{CLUSTER}.ca_file": "${NOT_A_CERTIFICATE}"}, f"{CLUSTER}.ca_file", "PEM"),
    ("token of root", {f"{CLUSTER}.token.id": "root@pam!ctl"}, f"{CLUSTER}.token.id", "root@pam"),
    ("token without a name", {f"{CLUSTER}.token.id": "ctl@pve"}, f"{CLUSTER}.token.id", "user@realm!name"),
    (
        "secret for its variable",
        {f"{CLUSTER}.token.secret_env": "${DEMO_PVE_TOKEN_SECRET}"},
        f"{CLUSTER}.token.secret_env",
        "the name alone",
    ),
    ("secret_env missing", {f"{CLUSTER}.token.secret_env": ABSENT}, f"{CLUSTER}.token.secret_env", "missing"),
    (
        "secret with a space",
        {f"{CLUSTER}.token": {"id": "a@pve!b", "secret_env": "ODD_SECRET", "store": True}},
        f"{CLUSTER}.token.secret_env",
        "ODD_SECRET",
    ),
    (
        "one endpoint, two clusters",
        {"clusters[1]": other_cluster(endpoints=["${DEMO_PVE_URL}/"])},
        "clusters[1].endpoints[0]",
        "stated already",
    ),
    ("cluster twice", {"clusters[1]": other_cluster(name="migracloud")}, "clusters[1].name", "stated already"),
    # VMIDs
    ("VMIDs overlap", {f"{CLUSTER}.pod_vmids.first": 9099}, f"{CLUSTER}.template_vmids", "overlaps 9099-9999"),
    ("VMID below 100", {f"{CLUSTER}.pod_vmids.first": 99}, f"{CLUSTER}.pod_vmids.first", "not between 100"),
    ("VMIDs backwards", {f"{CLUSTER}.pod_vmids.last": 9050}, f"{CLUSTER}.pod_vmids.first", "comes after"),
    ("copy's VMID outside", {f"{COPY}[1].vmid": 9100}, f"{COPY}[1].vmid", "not one of the VMIDs for templates"),
    ("copy's VMID twice", {f"{COPY}[1].vmid": 9000}, f"{COPY}[1].vmid", "stated already"),
    # Nodes, tiers, copies, attachments
    ("node twice", {f"{NODE}[2]": {"name": "pve"}}, f"{NODE}[2].name", "stated already"),
    ("node's address twice", {f"{NODE}[1].address": "10.1.10.70"}, f"{NODE}[1].address", "stated already"),
    ("node's name", {f"{NODE}[2]": {"name": "pve_03"}}, f"{NODE}[2].name", "a host name"),
    ("tier twice", {f"{TIER}[3].name": "vzdump-backups"}, f"{TIER}[3].name", "stated already"),
    ("tier on an unknown node", {f"{TIER}[5].nodes[0]": "pve-09"}, f"{TIER}[5].nodes[0]", "no node pve-09"),
    ("tier on a node twice", {f"{TIER}[5].nodes[1]": "pve"}, f"{TIER}[5].nodes[1]", "stated already"),
    ("linked on a dir", {f"{TIER}[4].clone_mode": "linked"}, f"{TIER}[4].clone_mode", "on dir the clone mode is full"),
    ("primary without rootdir", {f"{TIER}[0].content": ["images"]}, f"{TIER}[0].content", "needs rootdir"),
    ("template tier without templates", {f"{TIER}[4].content": ["backup"]}, f"{TIER}[4].content", "vztmpl or iso"),
    ("keep_last without backups", {f"{TIER}[0].keep_last": 7}, f"{TIER}[0].keep_last", "keeps backups"),
    ("copy of an unknown template", {f"{COPY}[0].template": "pod"}, f"{COPY}[0].template", "no template pod"),
    ("copy on an unknown node", {f"{COPY}[0].node": "pve-09"}, f"{COPY}[0].node", "no node pve-09"),
    ("copy on an unknown tier", {f"{COPY}[0].tier": "clients"}, f"{COPY}[0].tier", "no tier clients"),
    ("copy not on primary", {f"{COPY}[0].tier": "clients-backup"}, f"{COPY}[0].tier", "is not primary"),
    ("copy's tier not on its node", {f"{TIER}[0].nodes": ["pve"]}, f"{COPY}[1].tier", "not on node pve-02"),
    (
        "two copies on a node",
        {f"{COPY}[2]": {"template": "cloudpod", "node": "pve", "tier": "clients-main", "vmid": 9002}},
        f"{COPY}[2].node",
        "stated already",
    ),
    (
        "attached to nothing",
        {f"{ATTACHMENT}[1]": {"network": "wan", "bridge": "vmbr1"}},
        f"{ATTACHMENT}[1].network",
        "no network wan",
    ),
    ("VLAN 0", {f"{ATTACHMENT}[0].vlan": 0}, f"{ATTACHMENT}[0].vlan", "not between 1 and 4094"),
    ("VLAN 4095", {f"{ATTACHMENT}[0].vlan": 4095}, f"{ATTACHMENT}[0].vlan", "not between 1 and 4094"),
    ("bridge's name", {f"{ATTACHMENT}[0].bridge": "vmbr 0"}, f"{ATTACHMENT}[0].bridge", "name of a bridge"),
    (
        "attached twice",
        {f"{ATTACHMENT}[1]": {"network": "lan", "bridge": "vmbr1"}},
        f"{ATTACHMENT}[1].network",
        "stated already",
    ),
    (
        "two networks on a wire",
        {"networks[1]": OTHER_NETWORK, f"{ATTACHMENT}[1]": {"network": "db", "bridge": "vmbr0"}},
        f"{ATTACHMENT}[1].bridge",
        "stated already",
    ),
]


@pytest.mark.parametrize(
    ("changes", "key", "words"), [case[1:] for case in CONTRADICTIONS], ids=[case[0] for case in CONTRADICTIONS]
)
def test_a_contradiction_is_one_problem_by_its_key(
    changes: dict[str, Any], key: str, words: str, environ: dict[str, str]
) -> None:
    problems = problems_of(with_changes(changes), environ)

    assert [problem.key for problem in problems] == [key]
    assert words in problems[0].message


SOUND: list[tuple[str, dict[str, Any]]] = [
    ("neither CA nor fingerprint", {f"{CLUSTER}.ca_file": ABSENT}),
    ("gateway excluded in a range", {f"{SUBNET}.gateway": "10.1.10.70", f"{NODE}[0].address": ABSENT}),
    ("address in an excluded run", {f"{EXCLUSION}[0]": {"first": "10.1.10.70", "last": "10.1.10.72", "reason": "x"}}),
    ("ranges side by side", {f"{RANGE}[1]": {"first": "10.1.10.251", "last": "10.1.10.254"}}),
    ("VMIDs side by side, below", {f"{CLUSTER}.pod_vmids": {"first": 100, "last": 8999}}),
    ("no gateway", {f"{SUBNET}.gateway": ABSENT}),
    ("tagged VLAN", {f"{ATTACHMENT}[0].vlan": 4094}),
    ("the same addresses in another network", {"networks[1]": {"name": "far", "subnets": [{"cidr": "10.1.10.0/24"}]}}),
    (
        "another network on another VLAN of the bridge",
        {"networks[1]": OTHER_NETWORK, f"{ATTACHMENT}[1]": {"network": "db", "bridge": "vmbr0", "vlan": 20}},
    ),
    (
        "node in the range of a network it is not attached to",
        {
            "networks[1]": {
                "name": "far",
                "subnets": [{"cidr": "10.1.10.0/24", "ranges": [{"first": "10.1.10.60", "last": "10.1.10.80"}]}],
            }
        },
    ),
    ("another cluster with the same VMIDs", {"clusters[1]": other_cluster()}),
    ("IPv6 endpoint", {f"{CLUSTER}.endpoints[0]": "https://[fd00::1]:8006"}),
    ("text in which a variable is a part", {f"{CLUSTER}.endpoints[1]": "https://${DEMO_PVE_TOKEN_SECRET}:8006"}),
]


@pytest.mark.parametrize("changes", [case[1] for case in SOUND], ids=[case[0] for case in SOUND])
def test_what_only_looks_like_a_contradiction_is_taken(changes: dict[str, Any], environ: dict[str, str]) -> None:
    declaration_of(with_changes(changes), environ)


def demo_declaration(environ: dict[str, str]) -> Declaration:
    return read_declaration(DEMO, environ)


def test_the_demos_file_is_the_specs_cluster(environ: dict[str, str]) -> None:
    declaration = demo_declaration(environ)
    (network,), (template,), (cluster,) = declaration.networks, declaration.templates, declaration.clusters
    (subnet,) = network.subnets

    assert (network.name, str(subnet.cidr), str(subnet.gateway)) == ("lan", "10.1.10.0/24", "10.1.10.1")
    assert [str(span) for span in subnet.ranges] == ["10.1.10.50-10.1.10.250"]
    assert [str(span) for span in subnet.exclusions] == ["10.1.10.70", "10.1.10.90"]
    assert (template.cores, template.memory_mib, template.swap_mib, template.disk_gib) == (2, 2048, 512, 8)
    assert (str(cluster.pod_vmids), str(cluster.template_vmids)) == ("9100-9999", "9000-9099")
    assert cluster.endpoints == (environ["DEMO_PVE_URL"],)
    assert cluster.ca_file == environ["DEMO_PVE_CA"]


def test_the_demos_file_fits_the_demos_proxmox(environ: dict[str, str]) -> None:
    (cluster,) = demo_declaration(environ).clusters
    storages = OWNERS.storages()

    assert {node.name: str(node.address) for node in cluster.nodes} == OWNERS.nodes
    assert {copy.vmid: copy.node for copy in cluster.template_copies} == OWNERS.template_copies
    assert cluster.token.id == OWNERS.token_id
    assert {tier.name: tier.type for tier in cluster.tiers} == {name: of["type"] for name, of in storages.items()}
    for tier in cluster.tiers:
        assert sorted(tier.content) == sorted(storages[tier.name]["content"].split(","))
        assert ",".join(tier.nodes) == storages[tier.name].get("nodes", "")


def test_all_problems_are_told_at_once(environ: dict[str, str]) -> None:
    changes = {
        f"{SUBNET}.gateway": "10.1.10.60",
        f"{TIER}[4].role": "templates",
        f"{COPY}[1].vmid": 9100,
        f"{ATTACHMENT}[0].vlan": 5000,
    }

    problems = problems_of(with_changes(changes), environ)

    assert sorted(problem.key for problem in problems) == sorted(changes)


def test_a_refusal_reads_as_one_line_a_problem(environ: dict[str, str]) -> None:
    with pytest.raises(DeclarationRefused) as refused:
        declaration_of(with_changes({f"{TIER}[0].keep_last": 0, "templates[0].disk_gib": -1}), environ)

    assert [line.split(":")[0] for line in refused.value.message.splitlines()] == [
        "templates[0].disk_gib",
        f"{TIER}[0].keep_last",
    ]


def test_the_tokens_secret_is_read_only_to_be_stored_and_never_shown(environ: dict[str, str]) -> None:
    secret = environ["DEMO_PVE_TOKEN_SECRET"]
    named = demo_declaration(environ)
    stored = declaration_of(with_changes({f"{CLUSTER}.token.store": True}), environ)

    assert named.clusters[0].token.secret == ""
    assert stored.clusters[0].token.secret == secret
    assert secret not in repr(stored)


def test_a_refusal_never_repeats_what_came_from_the_environment(environ: dict[str, str]) -> None:
    changes = {f"{CLUSTER}.token.id": "${DEMO_PVE_TOKEN_SECRET}", f"{CLUSTER}.endpoints[0]": "${DEMO_PVE_TOKEN_SECRET}"}

    problems = problems_of(with_changes(changes), environ)

    assert len(problems) == 2
    assert environ["DEMO_PVE_TOKEN_SECRET"] not in " ".join(map(str, problems))


def test_an_empty_file_is_refused(environ: dict[str, str]) -> None:
    assert "declares nothing" in problems_of({}, environ)[0].message


@pytest.mark.parametrize(
    ("content", "words"), [(b"[[clusters]\n", "not TOML"), (b"\xff\xfe", "cannot be read"), (None, "cannot be read")]
)
def test_a_file_that_cannot_be_read_is_named(content: bytes | None, words: str, tmp_path: Path) -> None:
    file = tmp_path / "cluster.toml"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(DeclarationRefused) as refused:
        read_declaration(file, {})

    assert words in refused.value.message
    assert str(file) in refused.value.message
