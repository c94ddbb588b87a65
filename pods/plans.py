"""PLANS: the sizes that are offered by name where a person picks one.

Decides: these sizes. Not: that a pod has one of them (any size may be asked for), nor what is granted (admission.py).

The contract names one size, that of its template CT 9000, and no plan: so "small" is that, the least that a pod can
have. "Medium" is a tenth of the quota that a new tenant gets (ten pods, 20 cores, 40 GiB, 400 GiB): ten of them fill it
exactly. Each further one is twice the one before it.
"""

from __future__ import annotations

from audit import look
from pods.services.create import Size

OWN = "own"

PLANS: dict[str, Size] = {
    "small": Size(cores=2, memory_mib=2_048, swap_mib=512, disk_gib=8),
    "medium": Size(cores=2, memory_mib=4_096, swap_mib=512, disk_gib=40),
    "large": Size(cores=4, memory_mib=8_192, swap_mib=1_024, disk_gib=80),
    "extra large": Size(cores=8, memory_mib=16_384, swap_mib=2_048, disk_gib=160),
}


def in_words(size: Size) -> str:
    """A size of which everything is known."""
    assert size.memory_mib is not None
    assert size.swap_mib is not None
    cores = "1 core" if size.cores == 1 else f"{size.cores} cores"
    memory, swap = look.memory(size.memory_mib), look.memory(size.swap_mib)
    parts = (cores, f"{memory} memory", f"{swap} swap", f"{size.disk_gib} GiB disk")
    return ", ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts)  # a number keeps its unit
