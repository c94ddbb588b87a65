"""A world that was kept comes back: rows, containers, and nothing of what happened since."""

from __future__ import annotations

from audit.models import AuditEvent
from chaos.checker import check
from pods.models import CloudPod
from pods.services import purge_pod, start_pod


def test_what_happened_since_is_undone(stage, kept):
    before, events = stage.plane.cts(), AuditEvent.objects.count()
    purge_pod(by=stage.olga.actor, pod=stage.pod, reason="a test")
    stage.work.until_idle()
    assert CloudPod.objects.filter(gone_at=None).count() == 1
    kept.bring_back()
    assert CloudPod.objects.filter(gone_at=None).count() == 2
    assert AuditEvent.objects.count() == events
    assert stage.plane.cts().keys() == before.keys()
    assert stage.plane.record() == []
    assert not check(stage.facts())


def test_life_goes_on_in_it(stage, kept):
    for _ in range(2):
        kept.bring_back()
        stage.plane.edit_ct(stage.pod.vmid, status="stopped")
        start_pod(by=stage.alice.actor, pod=stage.pod)
        stage.work.until_idle()
        assert not check(stage.facts())
