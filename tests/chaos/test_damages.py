"""The checker can fail: each damage planted by hand is reported, and an undamaged world is clean."""

from __future__ import annotations

import psycopg
import pytest

from chaos.checker import always, check, look_at, read
from chaos.damages import DAMAGES, Damage
from chaos.effects import effects
from chaos.rules_clusters import ALWAYS as ALWAYS_ON_CLUSTERS
from chaos.rules_rows import ALWAYS as ALWAYS_IN_ROWS
from chaos.saved import Saved, as_owner
from chaos.stage import MARK_SECRETS, Stage
from pods.services import destroy_pod, purge_pod, stop_pod

pytestmark = pytest.mark.slow

AT_ANY_MOMENT = {"vmid_doubled", "quota_exceeded", "lane_place_left", "stranger_touched"}


def codes(stage: Stage, damage: Damage, owner: psycopg.Connection) -> tuple[set[str], set[str]]:
    """What the checker finds at rest, and what at any moment, in the damaged world."""
    vmid = stage.pod.vmid
    with owner.transaction(force_rollback=True), owner.cursor() as cursor:
        if damage.plant:
            damage.plant(cursor, stage.plane, vmid)
        facts = read(cursor, {"pve-a": look_at(stage.plane)}, mark_secrets=MARK_SECRETS)
    if damage.feed:
        damage.feed(facts, vmid)
    return {violation.code for violation in check(facts)}, {violation.code for violation in always(facts)}


def test_an_undamaged_world_is_clean_and_each_damage_is_reported(stage, kept: Saved):
    assert not check(stage.facts())
    with as_owner() as owner:
        for damage in DAMAGES:
            kept.bring_back()
            found, at_once = codes(stage, damage, owner)
            assert damage.code in found, f"{damage.name}: {found}"
            assert (damage.code in at_once) == (damage.code in AT_ANY_MOMENT) or damage.code == "address_doubled"
    kept.bring_back()
    assert not check(stage.facts())


def test_there_are_at_least_twelve_damages_of_codes_of_their_own():
    assert len({damage.code for damage in DAMAGES}) >= 12
    assert len({damage.name for damage in DAMAGES}) == len(DAMAGES)
    assert len(ALWAYS_ON_CLUSTERS) + len(ALWAYS_IN_ROWS) >= 8


def test_what_an_operation_names_as_left_is_no_violation_and_everything_else_is(stage):
    stage.plane.set_lock(stage.pod.vmid, "backup")
    assert not check(stage.facts(), leaves={"lock_left"})
    assert [violation.code for violation in check(stage.facts(), leaves={"wrong_size"})] == ["lock_left"]


def test_a_call_that_took_effect_more_often_than_undisturbed_is_reported(stage):
    stage.plane.clear_record()
    stop_pod(by=stage.alice.actor, pod=stage.pod)
    stage.work.until_idle()
    undisturbed = effects(stage.facts())
    assert undisturbed == {(stage.pod.vmid, "shutdown"): 1}
    assert not check(stage.facts(), budget=undisturbed)
    assert [violation.code for violation in check(stage.facts(), budget={})] == ["effect_twice"]


def test_a_deleted_pod_and_one_that_is_purged_leave_a_clean_world(stage):
    destroy_pod(by=stage.alice.actor, pod=stage.pod)
    stage.work.until_idle()
    assert not check(stage.facts())
    purge_pod(by=stage.olga.actor, pod=stage.pod, reason="a test")
    stage.work.until_idle()
    assert not check(stage.facts())
    assert not always(stage.facts())
