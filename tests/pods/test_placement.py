"""Where a new pod is put: any set of candidates, no database."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pods.placement import Candidate, choose

CANDIDATES = st.lists(
    st.builds(
        Candidate,
        copy=st.uuids(),
        node=st.sampled_from(["pve", "pve-02", "pve-03", "pve-04"]),
        creating=st.integers(0, 3),
        pods=st.integers(0, 3),
        memory_free_mib=st.none() | st.integers(-1024, 8192),
    ),
    max_size=6,
    unique_by=lambda candidate: candidate.node,
)
MEMORY = st.integers(1, 8192)


def node(name: str, *, creating: int = 0, pods: int = 0, free: int | None = None) -> Candidate:
    return Candidate(UUID(int=0), name, creating, pods, free)


def fits(candidate: Candidate, memory_mib: int) -> bool:
    return candidate.memory_free_mib is None or candidate.memory_free_mib >= memory_mib


@given(candidates=CANDIDATES, memory=MEMORY)
def test_the_chosen_one_is_a_candidate_with_room_and_none_only_when_no_one_has(candidates, memory):
    chosen = choose(candidates, memory_mib=memory)
    if chosen is None:
        assert not any(fits(candidate, memory) for candidate in candidates)
    else:
        assert chosen in candidates
        assert fits(chosen, memory)


@given(candidates=CANDIDATES, memory=MEMORY)
def test_nobody_with_room_has_a_shorter_queue_or_at_the_same_queue_fewer_pods(candidates, memory):
    chosen = choose(candidates, memory_mib=memory)
    for other in candidates:
        if chosen is not None and fits(other, memory):
            assert (chosen.creating, chosen.pods) <= (other.creating, other.pods)


@given(candidates=CANDIDATES, memory=MEMORY, data=st.data())
def test_the_order_in_which_candidates_come_does_not_matter(candidates, memory, data):
    shuffled = data.draw(st.permutations(candidates))
    assert choose(shuffled, memory_mib=memory) == choose(candidates, memory_mib=memory)


@given(candidates=CANDIDATES, memory=MEMORY)
def test_a_node_without_room_changes_nothing(candidates, memory):
    full = node("pve-05", free=memory - 1)
    assert choose([*candidates, full], memory_mib=memory) == choose(candidates, memory_mib=memory)


@pytest.mark.parametrize(
    ("candidates", "chosen"),
    [
        ([node("pve", creating=1), node("pve-02", pods=9)], "pve-02"),  # an empty queue before an empty node
        ([node("pve", pods=2), node("pve-02", pods=1)], "pve-02"),
        ([node("pve-02"), node("pve")], "pve"),  # by name when all else is equal
        ([node("pve", free=2047), node("pve-02", creating=3, free=2048)], "pve-02"),
        ([node("pve", free=None, pods=1), node("pve-02", free=2047)], "pve"),
    ],
)
def test_the_shortest_queue_wins_then_the_fewest_pods_then_the_name(candidates, chosen):
    placed = choose(candidates, memory_mib=2048)
    assert placed is not None
    assert placed.node == chosen
