"""Ctrl+K: one box that finds everything, by what it is called anywhere: in a ticket, in a log, in Proxmox.

Decides: the order of the answer, and what is said when there is none. Not: what a term means (search_terms.py),
which rows it finds (search_rows.py), nor who may see a model (its admin).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from ipaddress import IPv4Address

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from migracloud import search_rows as rows
from migracloud.search_rows import Found, May
from migracloud.search_terms import Term, read
from migracloud.unfold import pages


def answer(request: HttpRequest) -> HttpResponse:
    """The lines beneath the box. Nothing is kept: what was allowed or true a minute ago may not be now."""
    typed = request.GET.get("s", "")
    term = read(typed)
    found = search(request, term) if term.typed else []
    context = {"typed": typed.strip(), "term": term, "found": found, "hint": "" if found else hint(term)}
    return TemplateResponse(request, "unfold/helpers/command_results.html", context)


def search(request: HttpRequest, term: Term) -> list[Found]:
    """Each line once: a pod may be found by its VMID and by its name."""
    may = _permissions(request)
    found: dict[tuple[str, str], Found] = {}
    for line in (*_rows(term, may), *_pages(request, term.name)):
        found.setdefault((line.url, line.title), line)
    return list(found.values())


def hint(term: Term) -> str:
    """For a term that finds nothing."""
    if term.task:
        return "No try of an operation waited for this task. Its node and VMID are in its name: search for those."
    if term.id:
        return "Nothing that you may see has this id, and no request had it."
    if term.mac and not term.name:
        return "No card of ours has this MAC."
    if term.address:
        known = isinstance(term.address, IPv4Address)
        return "No subnet of ours has this address." if known else "No subnet of ours is of IPv6."
    return (
        "Names are found by how they begin: pods, tenants, clusters, nodes, tiers, networks, people. The rest is found "
        "in full: an address, a MAC, a VMID, TENANT-101, a task (UPID:…), the id of a request, an operation or a pod."
    )


def _permissions(request: HttpRequest) -> May:
    @cache
    def may(model: type[Model]) -> bool:
        return bool(admin.site.get_model_admin(model).has_view_permission(request))

    return may


def _rows(term: Term, may: May) -> Iterable[Found]:
    if term.id:
        yield from rows.by_id(term.id, may)
    if term.mac:
        yield from rows.by_mac(term.mac, may)
    if isinstance(term.address, IPv4Address):
        yield from rows.by_address(term.address, may)
    if term.task:
        yield from rows.by_task(term.task, may)
    if term.vmid is not None:
        yield from rows.by_vmid(term.vmid, may)
    if term.reference:
        yield from rows.by_reference(term.reference, may)
    if term.name:
        yield from rows.by_name(term.name, may)


def _pages(request: HttpRequest, name: str) -> Iterable[Found]:
    """The menu's pages, by the beginning of any of their words."""
    beginning = name.lower()
    for group, page in pages(request):
        if beginning and any(word.startswith(beginning) for word in (page.title.lower(), *page.title.lower().split())):
            yield Found(page.title, f"Page, {group.lower()}", page.url, page.icon)
