"""What is typed is recognised by its form, in every usual notation, and kept as it is stored."""

from __future__ import annotations

from ipaddress import ip_address
from uuid import UUID

import pytest

from migracloud.search_terms import LARGEST_VMID, Term, read

ID = UUID("01935f00-0000-7000-8000-00000000abcd")
MAC = "BC:24:11:0A:0B:0C"
UPID = "UPID:pve:0000051E:0005C45C:6B04461B:vzclone:9000:ctl@pve!cp:"


def without_words(term):
    return Term("", **{name: value for name, value in vars(term).items() if name != "typed"})


@pytest.mark.parametrize("typed", [str(ID), str(ID).upper(), ID.hex, f"  {ID}\n", f"\u200b{ID}"])
def test_an_id(typed):
    assert without_words(read(typed)) == Term("", id=ID)


@pytest.mark.parametrize("typed", [MAC, MAC.lower(), "bc-24-11-0a-0b-0c", "bc24.110a.0b0c"])
def test_a_mac(typed):
    assert without_words(read(typed)) == Term("", mac=MAC)


def test_twelve_letters_of_hexadecimal_may_be_a_host_name_too():
    assert without_words(read("bc24110a0b0c")) == Term("", mac=MAC, name="bc24110a0b0c")


@pytest.mark.parametrize(
    ("typed", "address"),
    [("10.1.10.50", "10.1.10.50"), ("10.1.10.50/24", "10.1.10.50"), ("2001:DB8::1", "2001:db8::1")],
)
def test_an_address(typed, address):
    assert without_words(read(typed)) == Term("", address=ip_address(address))


@pytest.mark.parametrize("typed", [UPID, UPID.rstrip(":"), UPID.replace("UPID", "upid", 1)])
def test_a_task(typed):
    assert without_words(read(typed)) == Term("", task=UPID)


@pytest.mark.parametrize("typed", ["TENANT-101", "tenant-101", "tenant 101", "Tenant101"])
def test_a_tenants_reference(typed):
    assert without_words(read(typed)) == Term("", reference="TENANT-101")


def test_a_number_may_be_a_vmid_a_tenant_or_the_beginning_of_a_name():
    assert without_words(read("101")) == Term("", vmid=101, reference="TENANT-101", name="101")
    assert without_words(read(str(LARGEST_VMID + 1))) == Term("", name=str(LARGEST_VMID + 1))


@pytest.mark.parametrize("typed", ["web", "10.1.10", "10.1.10.256", "web.example.net", "bc:24:11", "UPID", "a:b", "½"])
def test_anything_else_is_a_name(typed):
    assert without_words(read(typed)) == Term("", name=typed)


@pytest.mark.parametrize("typed", ["", "  ", "\0", "\n"])
def test_nothing_is_nothing(typed):
    assert read(typed) == Term("")
