"""The page before a deed in the admin: what exactly will happen, what has to be told for it, and a form that does it.

Decides: how it is asked, and that what is typed is of its kind. Not: what is done (services).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from audit.places import page_url
from core.errors import Invalid, Refused


@dataclass(frozen=True)
class Asked:
    """What a deed has to be told: a text; with `options` (value and words) one of them; with `most` a whole number."""

    name: str
    label: str
    usual: str = ""
    options: tuple[tuple[str, str], ...] = ()
    most: int | None = None
    longest: int = 100
    needed: bool = False

    def read(self, typed: str) -> Any:
        """What was typed; empty is None. Refused: Invalid."""
        if self.needed and not typed:
            raise Invalid(f"Say: {self.label.lower()}.", field=self.name)
        if not typed and self.most is None:
            return None
        if self.most is not None:
            if not (typed.isascii() and typed.isdigit() and len(typed) < 10):
                raise Invalid(f"{typed[:20]!r} is no whole number.", field=self.name)
            return int(typed)
        if self.options and typed not in dict(self.options):
            raise Invalid(f"{typed[:40]!r} is none of the choices.", field=self.name)
        return typed


def read_form(request: HttpRequest, asks: Sequence[Asked]) -> dict[str, Any]:
    """What the form says, and its reason. Refused: Invalid."""
    said = {one.name: one.read(request.POST.get(one.name, one.usual).strip()) for one in asks}
    return {**said, "reason": request.POST.get("reason", "").strip()}


def check_typed(request: HttpRequest, to_type: str) -> None:
    """Refused: Invalid, for anything else than what has to be typed."""
    if request.POST.get("typed", "").strip() != to_type and to_type:
        raise Invalid(f"Type {to_type} to say that you mean it.", field="typed")


def confirm(
    model_admin: Any,
    request: HttpRequest,
    obj: Model | None,
    *,
    title: str,
    consequences: Sequence[str],
    button: str,
    asks_reason: bool = True,
    needs_reason: bool = False,
    asks: Sequence[Asked] = (),
    dangerous: bool = True,
    to_type: str = "",
    refused: Refused | None = None,
    back: str = "",
) -> HttpResponse:
    """The page: what exactly will happen, and a form (POST, with CSRF) that does it. `to_type`: what has to be typed
    before, so that nobody destroys the wrong thing by habit.
    """
    typed = request.POST if request.method == "POST" else request.GET
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "original": obj,
        "title": title,
        "consequences": consequences,
        "button": button,
        "asks_reason": asks_reason,
        "needs_reason": needs_reason,
        "reason": request.POST.get("reason", ""),
        "asks": [(one, typed.get(one.name, one.usual)) for one in asks],
        "dangerous": dangerous,
        "to_type": to_type,
        "typed": request.POST.get("typed", ""),
        "refused": refused,
        "back": back or (page_url(obj) if obj is not None else ""),
    }
    status = refused.status if refused else 200
    return TemplateResponse(request, "admin/confirm.html", context, status=status)


def ask_and_do(
    model_admin: Any,
    request: HttpRequest,
    obj: Model | None,
    do: Callable[..., str],
    *,
    then: Callable[[], str] | str = "",
    **page: Any,
) -> HttpResponse:
    """GET asks and changes nothing; POST does it, tells what `do` returns, and leads on; or says why not."""
    refused = None
    if request.method == "POST":
        try:
            check_typed(request, page.get("to_type", ""))
            told = do(**read_form(request, page.get("asks", ())))
        except Refused as error:
            refused = error
        else:
            messages.success(request, told)
            next_page = then() if callable(then) else then
            return HttpResponseRedirect(next_page or page_url(obj))  # type: ignore[arg-type]  # one of both is given
    return confirm(model_admin, request, obj, refused=refused, **page)
