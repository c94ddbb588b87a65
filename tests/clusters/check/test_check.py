"""The check of a cluster that lacks one thing: it is named, with its remedy, and nothing else is said to be wrong."""

from __future__ import annotations

import pytest

from clusters.check import State, check_cluster
from clusters.check.privileges import NAMES, NEEDED
from demo import layout
from tests.clusters.check.conftest import make_cluster, of, only

UNSEEN = {"VM.Audit", "Datastore.Audit", "Sys.Audit", "SDN.Use"}  # without them other things cannot be seen either


def test_the_spec_s_cluster_is_as_declared(report, plane):
    looked_at = report()
    assert {finding.state for finding in looked_at.findings} == {State.OK}
    assert not looked_at.failed
    about = {finding.about for finding in looked_at.findings}
    assert about >= {"endpoint", "certificate", "version", "quorum", "node", "token", "firewall"}
    assert about >= {"tier", "bridge", "template", "lock"}
    assert not [entry for entry in plane.record() if entry["method"] != "GET"]


def test_the_list_of_privileges_is_the_one_that_the_fake_gives():
    assert set(NAMES) == set(layout.PRIVILEGES)
    assert all(needed.reason for needed in NEEDED)


@pytest.mark.parametrize("privilege", NAMES)
def test_each_privilege_that_is_taken_away_is_named_with_the_line_that_gives_it(privilege, report, plane):
    plane.revoke(privilege)
    looked_at = report()
    lacking = [f for f in looked_at.findings if f.about == "token"]
    assert [finding.name for finding in lacking] == [privilege]
    assert (lacking[0].state, looked_at.failed) == (State.FAILED, True)
    assert f"lacks {privilege} on /" in lacking[0].words
    assert f"pveum role modify MigraCloud --append 1 --privs {privilege}" in lacking[0].remedy
    others = {f.state for f in looked_at.findings if f.about != "token"}
    assert others <= ({State.OK, State.UNKNOWN} if privilege in UNSEEN else {State.OK})


def test_privileges_that_were_granted_below_the_top_count_where_they_suffice(report, plane):
    for privilege in NAMES:
        plane.revoke(privilege)
    guests = [name for name in NAMES if name.startswith("VM.")]
    plane.grant("/vms", *guests)
    plane.grant("/pool", "Pool.Allocate", "Pool.Audit")
    plane.grant("/storage", "Datastore.AllocateSpace", "Datastore.AllocateTemplate", "Datastore.Audit")
    plane.grant("/sdn/zones/localnetwork/vmbr0", "SDN.Use")
    plane.grant("/", "Sys.Audit")
    assert {finding.state for finding in report().findings} == {State.OK}


def test_a_privilege_that_is_granted_on_one_storage_only_is_missed_on_the_others(report, plane):
    plane.revoke("Datastore.AllocateSpace")
    plane.grant("/storage/clients-main", "Datastore.AllocateSpace")
    finding = only(report())
    assert "/storage/clients-backup" in finding.words
    assert "/storage/clients-main" not in finding.words
    assert "pveum acl modify /storage/clients-backup --users migracloud@pve" in finding.remedy


def test_a_token_without_any_privilege_is_told_how_to_get_them_all(report, plane):
    for privilege in NAMES:
        plane.revoke(privilege)
    finding = of(report(), "token")
    assert finding.state is State.FAILED
    assert f'pveum role add MigraCloud --privs "{" ".join(NAMES)}"' in finding.remedy


def test_a_privilege_too_many_is_a_warning(report, plane):
    plane.grant("/", "Permissions.Modify", "Sys.Modify")
    finding = only(report())
    assert (finding.state, finding.about) == (State.WARNING, "token")
    assert "Permissions.Modify, Sys.Modify" in finding.words


# Each line: what is taken away, what is said of it, and words of the remedy.
LACKS = {
    "old": (lambda p: p.set_version("8.3.5"), "version", "8.3.5 is older than 8.4", "Upgrade"),
    "no quorum": (lambda p: p.set_quorum(False), "quorum", "no quorum", "pvecm status"),
    "no storage": (lambda p: p.remove_storage("t7-backup"), "tier", "no such storage (on pve, pve-02)", "pvesm add"),
    "contents": (
        lambda p: p.set_storage("clients-main", content="images"),
        "tier",
        "contents lack rootdir (on pve, pve-02)",
        "pvesm set clients-main --content images,rootdir",
    ),
    "inactive": (lambda p: p.set_storage("t7-backup", active=0), "tier", "not active", "pvesm status"),
    "disabled": (
        lambda p: p.set_storage("t7-backup", disable=1),
        "tier",
        "switched off",
        "pvesm set t7-backup --disable 0",
    ),
    "elsewhere": (lambda p: p.set_storage("t7-backup", nodes="pve"), "tier", "this node (on pve-02)", "nodes"),
    "type": (lambda p: p.set_storage("t7-backup", type="nfs"), "tier", "of type nfs, declared is dir", "type"),
    "shared": (lambda p: p.set_storage("t7-backup", shared=1), "tier", "It is shared", "shared"),
    "template moved": (lambda p: p.move(9000, "pve-02"), "template", "on node pve-02, not here", "Build the template"),
    "template gone": (lambda p: p.remove_ct(9001), "template", "no such container", "correct the copy"),
    "no template": (lambda p: p.set_template(9000, False), "template", "no template", "type: pct template 9000"),
    "template's disk": (
        lambda p: p.edit_ct(9000, rootfs="clients-backup:basevol-9000-disk-0,size=8G"),
        "template",
        "Its disk is on clients-backup, declared is clients-main",
        "Correct the copy's tier",
    ),
    "lock": (lambda p: p.set_lock(9001, "disk"), "lock", "no running task", "On node pve-02, type: pct unlock 9001"),
}  # fmt: skip


@pytest.mark.parametrize("lack", LACKS)
def test_a_cluster_that_lacks_one_thing_is_told_which_and_what_to_do(lack, report, plane):
    take_away, about, words, remedy = LACKS[lack]
    take_away(plane)
    looked_at = report()
    finding = only(looked_at)
    assert (finding.about, finding.state, looked_at.failed) == (about, State.FAILED, True)
    assert words in finding.words
    assert remedy in finding.remedy


def test_a_bridge_that_is_not_there_is_told_for_each_node(report, plane):
    plane.remove_bridge("vmbr0")
    wrong = [finding for finding in report().findings if finding.state is not State.OK]
    assert [(f.about, f.name) for f in wrong] == [("bridge", "vmbr0 on pve"), ("bridge", "vmbr0 on pve-02")]
    assert "network lan needs it" in wrong[0].words
    assert "pve > System > Network" in wrong[0].remedy


def test_a_bridge_that_is_down_is_told(report, plane):
    plane.set_bridge_active("vmbr0", False)
    finding = of(report(), "bridge")
    assert (finding.state, finding.remedy) == (State.FAILED, "On node pve, type: ifreload -a")


def test_a_firewall_that_is_off_is_a_warning_that_protection_is_inactive(report, plane):
    plane.set_datacentre_firewall(False)
    looked_at = report()
    finding = only(looked_at)
    assert (finding.about, finding.state, looked_at.failed) == ("firewall", State.WARNING, False)
    assert "no rule is made" in finding.words
    assert "Datacenter > Firewall" in finding.remedy


def test_a_node_that_is_down_is_told_and_what_is_on_it_is_unknown_not_gone(report, plane):
    plane.set_node_online("pve-02", False)
    looked_at = report()
    assert of(looked_at, "node", "pve-02").state is State.FAILED
    assert of(looked_at, "template", "pve-02").state is State.UNKNOWN
    assert of(looked_at, "template", "CT 9000 on pve").state is State.OK
    assert not [entry for entry in plane.record() if entry["path"].startswith("/nodes/pve-02/")]


def test_a_node_that_the_cluster_does_not_know_is_told(report, plane, cluster):
    cluster.nodes.filter(name="pve-02").update(name="pve-03")
    looked_at = report()
    assert "no node of this name" in of(looked_at, "node", "pve-03").words
    assert "not declared" in of(looked_at, "node", "pve-02").words


def test_keys_by_env_need_a_cluster_that_takes_them(db, plane, monkeypatch):
    monkeypatch.setenv("PVE_TOKEN", plane.ready.token_secret)
    cluster = make_cluster(plane, key_delivery="env")
    assert not check_cluster(cluster).failed
    plane.set_version("8.4.21")
    finding = only(check_cluster(cluster))
    assert (finding.about, finding.state) == ("version", State.FAILED)
    assert 'key_delivery = "none"' in finding.remedy


def test_a_lock_that_a_task_holds_is_nobody_s_trouble(report, plane, cluster):
    """The template is being cloned: `disk` on the source, `create` on the target."""
    plane.hold_tasks()
    _clone_by_api(plane)
    assert {finding.state for finding in report().findings} == {State.OK}
    plane.kill_tasks()
    plane.wait_idle()
    locks = [finding.name for finding in report().findings if finding.state is State.FAILED]
    assert locks == ["CT 9000 on pve", "CT 9200 on pve"]


def _clone_by_api(plane):
    import requests

    answer = requests.post(
        f"{plane.url}/api2/json/nodes/pve/lxc/9000/clone",
        data={"newid": 9200},
        headers={"Authorization": f"PVEAPIToken={plane.ready.token_id}={plane.ready.token_secret}"},
        verify=plane.ready.ca_file,
        timeout=10,
    )
    assert answer.status_code == 200, answer.text


def test_a_stranger_s_lock_outside_our_vmids_is_not_ours_to_name(report, plane):
    plane.put_ct("pve", 150, lock="backup")
    assert {finding.state for finding in report().findings} == {State.OK}


def test_an_endpoint_that_does_not_answer_is_named_and_the_rest_is_asked_by_the_other(report, plane):
    plane.unreachable(endpoint=plane.urls[0])
    wrong = [finding for finding in report().findings if finding.state is not State.OK]
    assert [(f.about, f.name) for f in wrong] == [("endpoint", plane.urls[0]), ("certificate", plane.urls[0])]
    assert "pveproxy" in wrong[0].remedy


def test_a_cluster_that_cannot_be_reached_is_told_once_and_the_rest_is_unknown(report, plane):
    plane.unreachable()
    looked_at = report()
    assert looked_at.failed
    assert {f.name for f in looked_at.findings if f.state is State.FAILED} == set(plane.urls)
    assert {f.state for f in looked_at.findings if f.about not in ("endpoint",)} == {State.UNKNOWN}


def test_a_refused_token_is_told_once_and_asked_no_more(report, plane):
    plane.refuse_token()
    looked_at = report()
    assert [f.about for f in looked_at.findings if f.state is State.FAILED] == ["token"]
    assert "pveum user token add migracloud@pve" in of(looked_at, "token").remedy
    assert len(plane.record()) == 1


def test_a_certificate_that_is_not_the_pinned_one_is_not_trusted(report, plane, cluster):
    cluster.ca_file, cluster.fingerprint = "", "ab" * 32
    cluster.save()
    finding = of(report(), "endpoint")
    assert (finding.state, "openssl x509" in finding.remedy) == (State.FAILED, True)
    assert not plane.record()


def test_a_token_s_secret_that_is_not_set_is_told_without_asking(report, plane, monkeypatch):
    monkeypatch.delenv("PVE_TOKEN")
    finding = only(report())
    assert (finding.about, finding.state) == ("token", State.FAILED)
    assert "PVE_TOKEN" in finding.words
    assert not plane.record()


def test_what_fails_alone_does_not_keep_the_rest_from_being_asked(report, plane):
    plane.fail("permissions", 500, "it broke", times=None)
    looked_at = report()
    assert of(looked_at, "token").state is State.UNKNOWN
    assert {f.state for f in looked_at.findings if f.about != "token"} == {State.OK}
    assert looked_at.failed
