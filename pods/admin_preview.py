"""What a pod's making or resizing would come to, as the admin shows it: problems, the quota with meters, the place.

Decides: what is shown of it, and the words. Not: what is refused or chosen (services/preview.py), nor where problems
stand on the page (admin_form.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit import look
from audit.services import Actor
from core.errors import Refused
from pods.admin_form import LABELS, NewPodForm, ResizeForm, SizeForm
from pods.kinds.resize import SIZE
from pods.models import CloudPod
from pods.queries import held_by
from pods.services import preview_create, preview_resize
from pods.services.preview import Made, Resized
from tenants.models import Quota, Tenant

QUOTA = {"pods": "Pods", "cores": "Cores", "memory_mib": "Memory", "disk_gib": "Disk"}


@dataclass(frozen=True)
class Problem:
    """`field`: empty if it is none of the form's. `missing`: it was only not typed yet."""

    field: str
    label: str
    words: str
    missing: bool


@dataclass(frozen=True)
class Meter:
    """What the tenant holds, what comes to it, and what it may hold."""

    label: str
    used: int
    more: int
    limit: int

    @property
    def over(self) -> bool:
        return self.more > 0 and self.used + self.more > self.limit

    @property
    def words(self) -> str:
        sign = " + " if self.more > 0 else " \N{MINUS SIGN} "
        more = f"{sign}{self._say(abs(self.more))}" if self.more else ""
        return f"{self._say(self.used)}{more} of {self._say(self.limit)}"

    @property
    def bar(self) -> SafeString:
        """What is held, and what comes to it or goes, as parts of one bar. Its widths are attributes, not styles."""
        most = max(self.limit, self.used + self.more, 1)
        kept = min(self.used, self.used + self.more)
        return format_html(
            '<svg class="mc-parts mc-{}" role="meter" aria-label="{}" aria-valuemin="0" aria-valuemax="{}" '
            'aria-valuenow="{}" aria-valuetext="{}"><rect class="mc-kept" width="{}%" height="100%"></rect>'
            '<rect x="{}%" width="{}%" height="100%"></rect></svg>',
            *("bad" if self.over else "busy", self.label, self.limit, min(self.used + self.more, self.limit)),
            self.words,
            *(100 * kept // most, 100 * kept // most, 100 * abs(self.more) // most),
        )

    def _say(self, value: int) -> str:
        if self.label == "Memory":
            return look.memory(value)
        return f"{value} GiB" if self.label == "Disk" else str(value)


@dataclass(frozen=True)
class Change:
    label: str
    now: str
    then: str

    @property
    def differs(self) -> bool:
        return self.now != self.then


@dataclass(frozen=True)
class Preview:
    """`sentence`: all of it in one, also read aloud."""

    sentence: str
    granted: bool
    problems: list[Problem]
    tenant: Tenant | None
    meters: list[Meter]
    changes: list[Change]
    facts: list[tuple[str, str]]

    @property
    def still_needed(self) -> bool:
        return all(problem.missing for problem in self.problems)


def preview_new(by: Actor, form: NewPodForm) -> Preview:
    made, valid = None, form.is_valid()
    tenant, asked = form.cleaned_data.get("tenant"), form.size()  # before a refusal takes away what it is about
    if valid:
        try:
            made = preview_create(by=by, **form.wanted())
        except Refused as refused:
            form.tell(refused)
    size = vars(made.pod) if made else vars(asked)
    return Preview(
        sentence=_on(made) if made else _why_not(form),
        granted=made is not None,
        problems=_problems(form),
        tenant=tenant,
        meters=_meters(tenant, {"pods": 1, **{name: size[name] for name in SIZE}}) if tenant else [],
        changes=[],
        facts=_place(made) if made else [],
    )


def preview_size(by: Actor, pod: CloudPod, form: ResizeForm) -> Preview:
    resized, valid = None, form.is_valid()
    asked = form.size()
    if valid:
        try:
            resized = preview_resize(by=by, pod=pod, size=form.changed_size())
        except Refused as refused:
            form.tell(refused)
    then = {name: form.has[name] if getattr(asked, name) is None else getattr(asked, name) for name in SIZE}
    more = {name: then[name] - form.has[name] for name in SIZE}
    return Preview(
        sentence=f"{pod.hostname} can be resized so." if resized else _why_not(form),
        granted=resized is not None,
        problems=_problems(form),
        tenant=pod.tenant,
        meters=_meters(pod.tenant, {"pods": 0, **more}),
        changes=[Change(LABELS[name], str(form.has[name]), str(then[name])) for name in SIZE],
        facts=_stays(resized) if resized else [],
    )


def _problems(form: SizeForm) -> list[Problem]:
    found = []
    for name, errors in form.errors.items():
        label = str(form[name].label) if name in form.fields else ""
        words = " ".join(str(error) for error in errors)
        missing = all(error.code == "required" for error in errors.as_data())
        found.append(Problem("" if name == NON_FIELD_ERRORS else name, label, words, missing))
    return found


def _why_not(form: SizeForm) -> str:
    problems = _problems(form)
    if all(problem.missing for problem in problems):
        return f"Still needed: {', '.join(problem.label.lower() for problem in problems)}."
    return " ".join(problem.words for problem in problems if not problem.missing)


def _meters(tenant: Tenant, more: dict[str, int | None]) -> list[Meter]:
    quota, held = Quota.objects.get(tenant=tenant), held_by(tenant)
    return [
        Meter(label, held[name], value, getattr(quota, name))
        for name, label in QUOTA.items()
        if (value := more[name]) is not None
    ]


def _on(made: Made) -> str:
    return f"{made.pod.hostname} can be made on node {made.pod.node} of {made.pod.cluster}."


def _place(made: Made) -> list[tuple[str, str]]:
    pod, vlan = made.pod, f", VLAN {made.interface.vlan}" if made.interface.vlan else ""
    return [
        ("Cluster", str(pod.cluster)),
        ("Node", f"{pod.node}{_room(made.memory_free_mib)}"),
        ("Storage tier", str(pod.tier)),
        ("Made from", f"{pod.source.template}, CT {pod.source.vmid}, by a {pod.tier.clone_mode} clone"),
        ("Subnet", f"{made.lease.subnet} of {made.interface.network}, on {made.interface.bridge}{vlan}"),
        ("VMID", f"would be {pod.vmid}"),
        ("Address", f"would be {made.lease.address}"),
    ]


def _stays(resized: Resized) -> list[tuple[str, str]]:
    pod = resized.pod
    return [("Node", f"stays on {pod.node}{_room(resized.memory_free_mib)}"), ("Storage tier", f"stays on {pod.tier}")]


def _room(free_mib: int | None) -> str:
    return "" if free_mib is None else f", which has {look.memory(free_mib)} left then"
