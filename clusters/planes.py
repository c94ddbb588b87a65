"""plane_of(), access_of(): from a cluster's row to the port through which it is spoken to.

Decides: where endpoint, token and mark keys come from. Not: how the cluster is spoken to (dataplane/).
"""

from __future__ import annotations

import os
from collections.abc import Callable

from clusters.dataplane.access import READ_TIMEOUT, Access
from clusters.dataplane.errors import NotConfigured
from clusters.dataplane.mark import MarkKey as SigningKey
from clusters.dataplane.port import Plane
from clusters.dataplane.proxmox import ProxmoxPlane
from clusters.models import Cluster
from clusters.secrets import CannotOpen, unseal


def plane_of(
    cluster: Cluster, *, before_call: Callable[[], None] | None = None, read_timeout: float = READ_TIMEOUT
) -> Plane:
    """The port to this cluster. Raises NotConfigured when what the row says is not enough to reach it.

    `read_timeout` in seconds: how long an answer may take.
    """
    return ProxmoxPlane(access_of(cluster, read_timeout=read_timeout), before_call=before_call)


def access_of(cluster: Cluster, *, read_timeout: float = READ_TIMEOUT) -> Access:
    """How the cluster is reached. Raises NotConfigured when what the row says is not enough for it."""
    try:
        return Access(
            cluster_id=cluster.pk,
            name=cluster.name,
            endpoints=tuple(cluster.endpoints),
            token_id=cluster.token_id,
            token_secret=_token_secret(cluster),
            mark_keys=_mark_keys(cluster),
            ca_file=cluster.ca_file or None,
            fingerprint=cluster.fingerprint or None,
            read_timeout=read_timeout,
        )
    except (ValueError, CannotOpen) as error:
        raise NotConfigured(str(error)) from error


def _token_secret(cluster: Cluster) -> str:
    if cluster.token_sealed:
        return unseal(cluster.token_sealed).decode()
    secret = os.environ.get(cluster.token_env, "")
    if not secret:
        raise NotConfigured(
            f"The token of cluster {cluster.name} is not known: set the environment variable {cluster.token_env}."
        )
    return secret


def _mark_keys(cluster: Cluster) -> tuple[SigningKey, ...]:
    """The newest key that is not retired signs; retired ones go on verifying."""
    keys = sorted(cluster.mark_keys.all(), key=lambda key: (key.retired_at is not None, -key.pk.int))
    return tuple(SigningKey(id=key.key_id, secret=unseal(key.sealed)) for key in keys)
