"""The forms behind the admin's pages that make and resize a pod.

Decides: which inputs there are, how each is read, and at which of them a refusal is shown. Not: what is refused
(services).
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString

from clusters.models import Cluster, GoldenTemplate
from core.errors import Refused
from pods.kinds.resize import SIZE
from pods.models import CloudPod
from pods.plans import OWN, PLANS, in_words
from pods.services import Size, Wish
from tenants.models import Tenant
from tenants.queries import as_reference
from tenants.services import tenant_by_reference

LABELS = {"cores": "Cores", "memory_mib": "Memory (MiB)", "swap_mib": "Swap (MiB)", "disk_gib": "Disk (GiB)"}
NO_NUMBER = "This is no whole number."


def _typed(**attrs: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", **attrs})


class SizeForm(forms.Form):
    """One of the plans, or a size of one's own: without a plan the numbers count."""

    plan = forms.ChoiceField(label="Size", required=False, widget=forms.RadioSelect)
    cores = forms.IntegerField(required=False, error_messages={"invalid": NO_NUMBER})
    memory_mib = forms.IntegerField(required=False, error_messages={"invalid": NO_NUMBER})
    swap_mib = forms.IntegerField(required=False, error_messages={"invalid": NO_NUMBER})
    disk_gib = forms.IntegerField(required=False, error_messages={"invalid": NO_NUMBER})
    reason = forms.CharField(label="Why? It goes into the audit trail.", required=False, max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plan = self.fields["plan"]
        assert isinstance(plan, forms.ChoiceField)
        plan.choices = [*((name, _choice(name, in_words(size))) for name, size in PLANS.items()), self.own_choice]
        for name, label in LABELS.items():
            self.fields[name].label = label
            self.fields[name].help_text = self.hint(name)
        for name, field in self.fields.items():
            # Always the same places, so that a script can put a problem there as well as the server.
            described = f"id_{name}_hint id_{name}_problem" if field.help_text else f"id_{name}_problem"
            field.widget.attrs |= {"class": "mc-input", "aria-describedby": described}

    @property
    def own_choice(self) -> tuple[str, SafeString]:
        return OWN, _choice("own size", "as typed below; what is left empty is as the template has it")

    def hint(self, name: str) -> str:
        """What is written below one of the numbers."""
        return ""

    @property
    def numbers(self) -> list[forms.BoundField]:
        return [self[name] for name in SIZE]

    def clean(self) -> dict[str, Any]:
        """With a plan, the numbers do not count, whatever they are: they are not even seen then."""
        if self.cleaned_data.get("plan") in PLANS:
            for name in SIZE:
                self.errors.pop(name, None)
        return self.cleaned_data

    def size(self) -> Size:
        """What is asked for; None is left to the service."""
        said = self.cleaned_data
        return PLANS.get(said.get("plan", "")) or Size(**{name: said.get(name) for name in SIZE})

    def tell(self, refused: Refused) -> None:
        """Show what the service refuses at the input that it names; if there is none of that name, above all."""
        field = refused.field
        if field in SIZE and self.cleaned_data.get("plan") in PLANS:
            field = "plan"
        self.add_error(field if field in self.fields else None, refused.message)


def _choice(name: str, words: str) -> SafeString:
    return format_html("<strong>{}</strong> <span>{}</span>", name.capitalize(), words)


class NewPodForm(SizeForm):
    """A pod for a tenant. Cluster and template are asked for only if there is a choice."""

    tenant = forms.CharField(
        max_length=200,
        help_text="Its reference, such as TENANT-123. Type a number or the beginning of a name for suggestions.",
        error_messages={"required": "Say for which tenant."},
        widget=_typed(list="tenant-options"),
    )
    hostname = forms.CharField(
        label="Host name",
        max_length=255,
        help_text="One DNS label: a-z, 0-9 and -, at most 63.",
        error_messages={"required": "Say how it is called."},
        widget=_typed(autocapitalize="none"),
    )
    ssh_keys = forms.CharField(
        label="SSH keys",
        required=False,
        help_text="Public keys, one a line. Without any, nobody can log in by SSH.",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "autocomplete": "off"}),
    )
    cluster = forms.ChoiceField(required=False)
    template = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clusters = Cluster.objects.filter(enabled=True).order_by("name").values_list("name", flat=True)
        self._offer("cluster", list(clusters))
        self._offer("template", list(GoldenTemplate.objects.order_by("name").values_list("name", flat=True)))

    def _offer(self, name: str, names: list[str]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "any; the first of these that can"), *((one, one) for one in names)]
        if len(names) < 2:
            del self.fields[name]

    def clean_tenant(self) -> Tenant:
        try:
            return tenant_by_reference(as_reference(self.cleaned_data["tenant"]))
        except Refused as refused:
            raise forms.ValidationError(refused.message) from None

    def wanted(self) -> dict[str, Any]:
        """What create_pod takes, without who asks."""
        said = self.cleaned_data
        return {
            "tenant": said["tenant"],
            "hostname": said["hostname"],
            "size": self.size(),
            "wish": Wish(cluster=said.get("cluster") or None, template=said.get("template") or None),
            "ssh_keys": [line for line in said["ssh_keys"].splitlines() if line.strip()],
            "reason": said["reason"],
        }


class ResizeForm(SizeForm):
    """Another size of a pod. It begins with what the pod has."""

    def __init__(self, pod: CloudPod, *args: Any, **kwargs: Any) -> None:
        self.has = {name: getattr(pod, name) for name in SIZE}
        super().__init__(*args, initial={"plan": OWN, **self.has}, **kwargs)

    @property
    def own_choice(self) -> tuple[str, SafeString]:
        return OWN, _choice("own size", "as typed below; what is left empty stays as it is")

    def hint(self, name: str) -> str:
        return f"now {self.has[name]}"

    def changed_size(self) -> Size:
        """What was not changed is left as it is: somebody else may be changing it."""
        asked = vars(self.size())
        return Size(**{name: value for name, value in asked.items() if value != self.has[name]})
