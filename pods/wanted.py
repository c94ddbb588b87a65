"""What a pod's row wants its container's configuration to be. Pure.

Decides: desired configuration in the data plane's words. Not: when it is written (kinds/).
"""

from __future__ import annotations

import ipaddress

from clusters.dataplane.port import Nic, Settings
from pods.models import CloudPod, InterfaceAddress
from pods.ssh_keys import environment_with

# Beside the others, on a container that is kept until its pod's purge.
DELETED_TAG = "cloudpod-deleted"


def wanted_settings(pod: CloudPod) -> Settings:
    """Size, network card, tags `cloudpod;tenant-123`, and that it starts with its node."""
    return Settings(
        cores=pod.cores,
        memory_mib=pod.memory_mib,
        swap_mib=pod.swap_mib,
        onboot=pod.should_run,
        tags=wanted_tags(pod),
        nic=_nic(pod),
    )


def wanted_tags(pod: CloudPod) -> tuple[str, ...]:
    """A hint for people on the node; they prove nothing."""
    return ("cloudpod", pod.tenant.tag)


def wanted_env(pod: CloudPod, has: tuple[str, ...]) -> tuple[str, ...] | None:
    """The pod's keys beside what its container has from the template. None: it has just that, nothing is to write."""
    env = environment_with(pod.ssh_keys, has)
    return None if env == has else env


def _nic(pod: CloudPod) -> Nic:
    primary = InterfaceAddress.objects.select_related("interface", "lease__subnet").get(
        interface__pod=pod, interface__index=0, primary=True
    )
    subnet = primary.lease.subnet
    return Nic(
        bridge=primary.interface.bridge,
        mac=primary.interface.mac,
        address=str(ipaddress.IPv4Interface(f"{primary.lease.address}/{subnet.cidr.prefixlen}")),
        gateway=subnet.gateway,
        vlan=primary.interface.vlan,
    )
