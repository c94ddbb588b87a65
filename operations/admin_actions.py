"""What a person can do about an operation in the admin: cancel it, or retry, skip or resolve what needs attention.

Decides: who may, which button can be pressed, and the questions. Not: what is refused or done (cancelling.py,
attention.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse

from audit.confirming import ask_and_do
from operations import attention
from operations.cancelling import cancel
from operations.explain import can_be_cancelled, cancellation_of, explain
from operations.models import Operation
from tenants.admin_base import actor_of

MAY = "operations.change_operation"
State = Operation.State


@dataclass(frozen=True)
class Deed:
    """`consequences` are sentences, with {step} for the step that it failed at; `done` is said afterwards."""

    name: str
    service: Callable[..., Operation]
    consequences: tuple[str, ...]
    done: str
    of: tuple[str, ...]  # states in which it has a button
    needs_reason: bool = True
    dangerous: bool = True

    @property
    def url_name(self) -> str:
        return f"operations_operation_{self.name}"


DEEDS = (
    Deed(
        "cancel",
        cancel,
        (
            "It is taken back at its next safe point: what it has done is undone, last step first.",
            "A task that Proxmox is carrying out is waited for. One that stands behind another operation ends at once.",
        ),
        "It is taken back at its next safe point.",
        tuple(Operation.OPEN),
        needs_reason=False,
    ),
    Deed(
        "retry",
        attention.retry,
        ("Step {step} is tried once more, and it goes on from there, with a time of its own.",),
        "It goes on.",
        (State.NEEDS_ATTENTION,),
        dangerous=False,
    ),
    Deed(
        "skip",
        attention.skip,
        (
            "Step {step} counts as over: you have done it by hand. Nothing looks whether you have.",
            "It goes on with the next step.",
        ),
        "It goes on with the next step.",
        (State.NEEDS_ATTENTION,),
    ),
    Deed(
        "resolve",
        attention.resolve,
        (
            "You have dealt with all that was left. Nothing looks whether you have, and nothing more is done.",
            "The operation is at its end, and its pod can be worked with again.",
        ),
        "It is resolved.",
        (State.NEEDS_ATTENTION,),
    ),
)


@dataclass(frozen=True)
class Button:
    """`why_not`: it cannot be pressed now, and this is why."""

    label: str
    url: str
    why_not: str


def buttons(request: HttpRequest, operation: Operation) -> list[Button]:
    """For somebody who may, and only what there is to do in its state."""
    if not request.user.has_perm(MAY):
        return []
    return [
        Button(
            deed.name.capitalize(), reverse(f"admin:{deed.url_name}", args=[operation.pk]), _why_not(deed, operation)
        )
        for deed in DEEDS
        if operation.state in deed.of
    ]


def _why_not(deed: Deed, operation: Operation) -> str:
    if deed.name != "cancel" or can_be_cancelled(operation):
        return ""
    if operation.undoing:
        return "it is being undone already"
    return "it is cancelled already" if cancellation_of(operation) else "there is no way back any more"


def urls(model_admin: Any) -> list[URLPattern]:
    view = model_admin.admin_site.admin_view
    return [path(f"<uuid:pk>/{deed.name}/", view(_view(model_admin, deed)), name=deed.url_name) for deed in DEEDS]


def _view(model_admin: Any, deed: Deed) -> Callable[..., HttpResponse]:
    def view(request: HttpRequest, pk: Any) -> HttpResponse:
        """GET asks and changes nothing; POST does it, or says why not."""
        operation = get_object_or_404(model_admin.get_queryset(request), pk=pk)
        if not request.user.has_perm(MAY):
            raise PermissionDenied
        step = operation.error_step or "that it failed at"
        told = explain(operation)
        title = f"{deed.name.capitalize()} the {operation.kind.replace('_', ' ')} of {operation.subject_name}"
        return ask_and_do(
            model_admin,
            request,
            operation,
            partial(_do, deed, request, operation),
            title=title,
            consequences=[
                *(words for words in (told.happened, told.remains) if words),
                *(words.format(step=step) for words in deed.consequences),
            ],
            button=f"{deed.name.capitalize()} it",
            needs_reason=deed.needs_reason,
            dangerous=deed.dangerous,
        )

    return view


def _do(deed: Deed, request: HttpRequest, operation: Operation, *, reason: str) -> str:
    deed.service(by=actor_of(request), operation=operation, reason=reason)
    return deed.done
