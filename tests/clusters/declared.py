"""The demo's declaration as tests change it: the file itself, read once, and one value of it replaced at a time.

Decides: how a change is written down. Not: what is tested.
"""

from __future__ import annotations

import copy
import re
import tomllib
from pathlib import Path
from typing import Any

from audit.models import AuditEvent
from clusters.models import Attachment, Cluster, GoldenTemplate, MarkKey, Node, StorageTier, TemplateCopy
from ipam.models import AddressRange, Network, Subnet
from tenants.models import Tenant

DEMO = Path(__file__).resolve().parents[2] / "demo" / "cluster.toml"
ABSENT = object()

SUBNET = "networks[0].subnets[0]"
CLUSTER = "clusters[0]"
COPY, TIER = f"{CLUSTER}.template_copies", f"{CLUSTER}.tiers"
SECRET = "DEMO_PVE_TOKEN_SECRET"

MODELS = (Network, Subnet, AddressRange, GoldenTemplate, Cluster, MarkKey, Node, StorageTier, TemplateCopy, Attachment)


def demo_document() -> dict[str, Any]:
    return tomllib.loads(DEMO.read_text())


def with_changes(changes: dict[str, Any], document: dict[str, Any] | None = None) -> dict[str, Any]:
    """A copy of the demo's document in which each key, such as `clusters[0].nodes[1].name`, has another value.

    ABSENT removes the key; a key one past the end of a list appends to it.
    """
    result = copy.deepcopy(demo_document() if document is None else document)
    for key, value in changes.items():
        *path, last = [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", key)]
        at: Any = result
        for part in path:
            at = at[part]
        if value is ABSENT:
            del at[last]
        elif isinstance(at, list) and last == len(at):
            at.append(value)
        else:
            at[last] = value
    return result


def everything() -> dict[str, list[dict[str, Any]]]:
    """All rows that a bootstrap could touch, and the audit trail."""
    rows = {model.__name__: list(model._default_manager.order_by("pk").values()) for model in (*MODELS, AuditEvent)}
    return rows | {"tenants": list(Tenant.objects.values())}


def declared_cluster(plane: Any, **changes: object) -> dict[str, Any]:
    """The demo's document with this fake's endpoints and certificate; the secret is in PVE_TOKEN."""
    document = demo_document()
    document["clusters"] = document["clusters"][:1]
    document["clusters"][0] |= {"endpoints": plane.urls, "ca_file": plane.ready.ca_file, **changes}
    for key in [key for key, value in changes.items() if value is ABSENT]:
        del document["clusters"][0][key]
    document["clusters"][0]["token"] = {"id": plane.ready.token_id, "secret_env": "PVE_TOKEN"}
    attached = {attachment["network"] for attachment in document["clusters"][0]["attachments"]}
    document["networks"] = [network for network in document["networks"] if network["name"] in attached]
    return document
