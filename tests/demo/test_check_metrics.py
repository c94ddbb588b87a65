"""The demo's comparison of /metrics and database: silent when they agree, and a sentence for each difference.

Decides: that the demo can fail. Not: what is counted.
"""

from __future__ import annotations

import re

import pytest

from demo.check_metrics import compare
from migracloud.metrics import exposition
from pods.services import Size, create_pod
from tests.cast import Person
from tests.work import Work

pytestmark = pytest.mark.django_db


@pytest.fixture
def text(alice: Person, work: Work) -> str:
    """A pod that runs, one that waits, and a request to count."""
    create_pod(by=alice.actor, tenant=alice.tenant, hostname="web", size=Size())
    work.until_idle()
    create_pod(by=alice.actor, tenant=alice.tenant, hostname="late", size=Size())
    assert alice.get("pods").status_code == 200
    return exposition().decode()


def test_it_is_silent_when_both_agree(text: str) -> None:
    assert compare(text) == []


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "sample",
    [
        'migracloud_operations{kind="create",state="succeeded"}',
        'migracloud_operations{kind="create",state="parked"}',
        'migracloud_operation_seconds_count{kind="create",outcome="succeeded"}',
        'migracloud_operation_seconds_sum{kind="create",outcome="succeeded"}',
        'migracloud_pods{phase="active"}',
        'migracloud_pods{phase="gone"}',
        'migracloud_pods_observed{state="running"}',
        'migracloud_subnet_addresses_left{network="lan",subnet="10.1.10.0/24"}',
        'migracloud_subnet_addresses_held{network="lan",subnet="10.1.10.0/24"}',
        'migracloud_lane_queue{lane="clone pve-a/9000"}',
    ],
)
def test_each_number_that_differs_is_a_sentence(text: str, sample: str) -> None:
    spoilt, changed = re.subn(rf"^{re.escape(sample)} .*$", f"{sample} 77777", text, flags=re.MULTILINE)
    assert changed == 1
    (sentence,) = compare(spoilt)
    assert sentence.startswith(sample.partition("{")[0])
    assert "77777" in sentence


def test_what_is_not_told_at_all_is_told(text: str) -> None:
    without = "\n".join(line for line in text.splitlines() if "migracloud_pods" not in line)
    assert any(sentence.startswith("migracloud_pods of phase active is 0") for sentence in compare(without + "\n"))


def test_a_scrape_that_could_not_read_the_database_is_told(text: str) -> None:
    spoilt = text.replace("migracloud_database_up 1.0", "migracloud_database_up 0.0")
    assert compare(spoilt) == ["/metrics could not read the database"]


def test_a_site_that_counts_no_calls_is_told(text: str) -> None:
    without = "\n".join(line for line in text.splitlines() if "proxmox_calls_total" not in line)
    assert compare(without + "\n") == ["migracloud_proxmox_calls_total counts nothing"]
