"""The mark: what is written is read back, and nothing else is taken for one.

Decides: when a container may be believed to be ours. Not: what is done with it.
"""

import string
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusters.dataplane.mark import Mark, MarkKey, judge, read_mark, write_mark
from clusters.dataplane.port import Ct

NEW = MarkKey("2026b", b"the key that signs today.......")
RETIRED = MarkKey("2026a", b"the key that signed before.....")
POD, CLUSTER, OPERATION = (UUID(f"019abcde-0000-7000-8000-00000000000{n}") for n in (1, 2, 3))
OTHER = UUID("019abcde-0000-7000-8000-000000000009")
CT = Ct(node="pve", vmid=960, pod=POD, tenant="TENANT-123")
LINE = write_mark(NEW, pod=POD, tenant="TENANT-123", cluster=CLUSTER, vmid=960, operation=OPERATION)

unhurried = settings(deadline=None)  # a busy machine is no failure
references = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}[A-Za-z0-9]", fullmatch=True)


@unhurried
@given(st.uuids(), references, st.uuids(), st.integers(100, 999_999_999), st.uuids())
def test_what_is_written_is_read_back(pod, tenant, cluster, vmid, operation):
    line = write_mark(NEW, pod=pod, tenant=tenant, cluster=cluster, vmid=vmid, operation=operation)
    assert "\n" not in line
    wanted = Mark(1, "2026b", pod, tenant, cluster, vmid, operation)
    assert read_mark(f"{line}\n", [NEW]) == wanted
    assert judge(f"{line}\n", Ct("pve", vmid, pod, tenant), cluster, [NEW]) is None


@unhurried
@given(st.data())
def test_any_other_character_anywhere_makes_it_invalid(data):
    at = data.draw(st.integers(0, len(LINE) - 1))
    other = data.draw(st.characters() | st.sampled_from(string.hexdigits))
    changed = LINE[:at] + other + LINE[at + 1 :]
    assert isinstance(read_mark(changed, [NEW]), str) == (changed != LINE)


@unhurried
@given(st.integers(0, len(LINE) - 1))
def test_a_mark_that_lacks_any_character_is_invalid(at: int):
    assert isinstance(read_mark(LINE[:at] + LINE[at + 1 :], [NEW]), str)


@unhurried
@given(st.text() | st.text().map(lambda rest: f"migracloud-mark v1 {rest}") | st.none())
def test_no_text_makes_reading_raise(text: str | None):
    assert isinstance(read_mark(text, [NEW]), str)


def test_half_a_surrogate_does_not_make_reading_raise():
    assert isinstance(read_mark(f"{LINE[:-1]}\ud800", [NEW]), str)


def test_other_lines_around_it_do_no_harm():
    assert judge(f"# web server\n\n{LINE}\nask Anna\n", CT, CLUSTER, [NEW]) is None


def test_two_marks_are_not_trusted_even_when_both_are_true():
    assert judge(f"{LINE}\n{LINE}\n", CT, CLUSTER, [NEW]) == "it bears more than one mark"


def test_a_retired_key_still_verifies():
    old = write_mark(RETIRED, pod=POD, tenant="TENANT-123", cluster=CLUSTER, vmid=960, operation=OPERATION)
    assert judge(old, CT, CLUSTER, [NEW, RETIRED]) is None


def test_a_removed_key_no_longer_verifies():
    assert judge(LINE, CT, CLUSTER, [RETIRED]) is not None


def test_a_key_of_the_same_id_with_another_secret_does_not_verify():
    forged = replace(NEW, secret=b"a secret that somebody guessed.")
    assert judge(LINE, CT, CLUSTER, [forged]) == "the signature of its mark is wrong"


@pytest.mark.parametrize(
    ("expected", "cluster", "reason"),
    [
        (replace(CT, vmid=961), CLUSTER, "its mark was written for VMID 960: a copy made by hand"),
        (CT, OTHER, "its mark was written for another cluster: a copy made by hand"),
        (replace(CT, pod=OTHER), CLUSTER, f"its mark is that of another pod ({POD})"),
        (replace(CT, tenant="TENANT-124"), CLUSTER, "its mark is that of another tenant"),
    ],
)
def test_a_true_mark_that_does_not_fit_is_a_strangers(expected: Ct, cluster: UUID, reason: str):
    assert judge(LINE, expected, cluster, [NEW]) == reason


def test_a_container_may_be_on_any_node():
    assert judge(LINE, replace(CT, node="pve-02"), CLUSTER, [NEW]) is None


@pytest.mark.parametrize("tenant", ["", "a b", "x\ny", "é", "vmid=1"])
def test_what_could_not_be_read_back_is_not_written(tenant: str):
    with pytest.raises(ValueError, match="No mark can be written"):
        write_mark(NEW, pod=POD, tenant=tenant, cluster=CLUSTER, vmid=960, operation=OPERATION)


def test_a_weak_or_unnamed_key_is_refused():
    with pytest.raises(ValueError, match="at least 16 bytes"):
        MarkKey("k", b"short")
    with pytest.raises(ValueError, match="id of a mark key"):
        MarkKey("two words", NEW.secret)


def test_a_keys_secret_is_not_in_its_repr():
    assert "signs" not in repr(NEW)
