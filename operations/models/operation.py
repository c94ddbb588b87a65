"""Operation, Cancellation, Step, Attempt: a durable workflow as rows: any worker can go on where another died.

Decides: states, and one live operation a subject. Not: what comes next (engine.py) or what a step does (each kind).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from audit.services import Actor
from core.errors import Refused, constraint_means
from core.rows import Row, TenantQuerySet
from tenants.models import Tenant


class Operation(Row):
    """One durable workflow: what was asked, by whom, on what, and how far it has come.

    It knows its subject by kind and id only (no foreign key): the engine works for any subject.
    """

    class State(models.TextChoices):
        BLOCKED = "blocked"  # stands behind another operation of its subject
        QUEUED = "queued"  # no worker has had it yet
        RUNNING = "running"  # a worker holds the lease (or held it when it died)
        PARKED = "parked"  # waits for a task of the data plane; holds no worker
        WAITING = "waiting"  # waits for its turn in a lane, for the next try, or for the end of a freeze
        SUCCEEDED = "succeeded"
        FAILED = "failed"  # and everything it had done is undone
        CANCELLED = "cancelled"  # somebody took it back, and everything it had done is undone
        NEEDS_ATTENTION = "needs_attention"  # and something is left that only a person can judge
        RESOLVED = "resolved"  # ... and a person has dealt with it

    class Direction(models.TextChoices):
        DO = "do"
        UNDO = "undo"

    # It is its subject's turn to be worked on by this one; what is open, but not live, stands behind such a one.
    LIVE = (State.QUEUED, State.RUNNING, State.PARKED, State.WAITING)
    OPEN = (State.BLOCKED, *LIVE)

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="operations")
    kind = models.CharField(max_length=32)
    version = models.PositiveSmallIntegerField()
    subject_kind = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    subject_name = models.CharField("subject", max_length=255)
    params = models.JSONField(default=dict)
    before = models.JSONField(
        default=dict, blank=True, help_text="what its first step found the subject to be, for the undo"
    )
    place = models.CharField(
        max_length=64, blank=True, help_text="where it is carried out: what freezes and limits its calls"
    )
    state = models.CharField(max_length=16, choices=State, default=State.QUEUED)
    direction = models.CharField(max_length=4, choices=Direction, default=Direction.DO)
    actor_kind = models.CharField(max_length=16)
    actor_name = models.CharField("asked by", max_length=150)
    request_id = models.CharField("request id", max_length=36, blank=True, help_text="of the request that asked for it")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    stopped_since = models.DateTimeField(null=True, blank=True, help_text="since when a freeze keeps it from going on")
    tried_anew_at = models.DateTimeField(null=True, blank=True, help_text="when a person last told it to go on")
    deadline_at = models.DateTimeField(
        help_text="when it gives up and undoes; while it undoes: when it asks for a person"
    )

    # When somebody has to look at it. While it is parked or in a lane that is its deadline; a wake sets it to now.
    due_at = models.DateTimeField(null=True, blank=True)
    hinted_at = models.DateTimeField(null=True, blank=True)

    # The lease: who may drive it until when. `epoch` is the fence: it counts the claims.
    worker = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    epoch = models.PositiveIntegerField(default=0)

    error_step = models.CharField(max_length=32, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.TextField(blank=True)
    waits_for = models.CharField(max_length=255, blank=True, help_text="in words, while it is parked or waits")

    objects = models.Manager.from_queryset(TenantQuerySet)()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_kind", "subject_id"],
                condition=Q(state__in=["queued", "running", "parked", "waiting"]),
                name="operation_one_live_a_subject",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=["queued", "running", "parked", "waiting"]),
                name="operation_due",
            ),
            models.Index(
                fields=["subject_kind", "subject_id"], condition=Q(state="blocked"), name="operation_standing_behind"
            ),
            models.Index(fields=["place"], condition=Q(stopped_since__isnull=False), name="operation_standing_still"),
            models.Index(fields=["tenant", "-id"], name="operation_by_tenant"),
            models.Index(fields=["subject_kind", "subject_id", "-id"], name="operation_by_subject"),
            models.Index(fields=["request_id"], condition=~Q(request_id=""), name="operation_by_request"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_name}"

    @property
    def is_live(self) -> bool:
        """Whether it has not ended yet."""
        return self.state in self.OPEN

    @property
    def undoing(self) -> bool:
        return self.direction == self.Direction.UNDO

    @property
    def awaits(self) -> str:
        """What it waits for now, in words; empty while a worker has it, and when it has ended."""
        waits = (self.State.BLOCKED, self.State.PARKED, self.State.WAITING)
        return self.waits_for if self.state in waits else ""

    @property
    def actor(self) -> Actor:
        return Actor(self.actor_kind, self.actor_name)


class Cancellation(Row):
    """Somebody has asked to take an operation back. A row of its own: asking waits for no worker's lock."""

    operation = models.OneToOneField(Operation, on_delete=models.PROTECT, related_name="cancellation")
    actor_kind = models.CharField(max_length=16)
    actor_name = models.CharField("asked by", max_length=150)
    reason = models.CharField(max_length=500, blank=True)
    asked_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"cancellation of {self.operation_id}"


class Step(Row):
    """One part of an operation. `begun` is written before the step's call is made: what is begun is also undone."""

    class State(models.TextChoices):
        PENDING = "pending"
        BEGUN = "begun"
        PARKED = "parked"
        DONE = "done"
        UNDOING = "undoing"
        UNDO_PARKED = "undo_parked"
        UNDONE = "undone"

    operation = models.ForeignKey(Operation, on_delete=models.PROTECT, related_name="steps")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=32)
    state = models.CharField(max_length=11, choices=State, default=State.PENDING)

    class Meta:
        ordering = ["operation", "position"]
        constraints = [
            models.UniqueConstraint(fields=["operation", "name"], name="step_name_once"),
            models.UniqueConstraint(fields=["operation", "position"], name="step_position_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Attempt(Row):
    """One try at doing or undoing a step. The tasks of both are kept apart because each attempt has its own.

    An attempt without an end was cut short: its worker died, and its call may have had an effect.
    """

    class Result(models.TextChoices):
        DONE = "done"
        WAIT = "wait"
        RETRY = "retry"
        REFUSED = "refused"
        FAILED = "failed"
        SKIPPED = "skipped"  # no try: a person said that this step is over

    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="attempts")
    direction = models.CharField(max_length=4, choices=Operation.Direction)
    number = models.PositiveIntegerField()
    worker = models.CharField(max_length=100)
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    wait_key = models.CharField(max_length=255, null=True, blank=True, help_text="the task it waits for")
    outcome = models.JSONField(null=True, blank=True, help_text="how that task ended, once it is known")
    result = models.CharField(max_length=8, choices=Result, blank=True)
    in_doubt = models.BooleanField(default=True, help_text="it may have had an effect that is not recorded")
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.TextField(blank=True)
    detail = models.TextField(blank=True, help_text="Proxmox's own words and the tail of its task log")

    class Meta:
        ordering = ["step", "id"]
        constraints = [
            models.UniqueConstraint(fields=["step", "direction", "number"], name="attempt_number_once"),
        ]
        indexes = [
            models.Index(
                fields=["wait_key"],
                condition=Q(wait_key__isnull=False, outcome__isnull=True, ended_at__isnull=True),
                name="attempt_waiting",
            ),
            models.Index(fields=["wait_key"], condition=Q(wait_key__isnull=False), name="attempt_by_task"),
        ]

    def __str__(self) -> str:
        return f"{self.step.name} {self.direction} {self.number}"


class OperationInProgress(Refused):
    """Something else is being done with this subject; `operation` in the answer is its id, to be followed."""

    code = "operation_in_progress"


constraint_means(
    "operation_one_live_a_subject",
    OperationInProgress,
    "Another operation on it is still going on; try again when that has ended.",
)
constraint_means("step_name_once", Refused, "The operation has a step of this name already.", field="name")
constraint_means("step_position_once", Refused, "The operation has a step at this position already.", field="position")
constraint_means("attempt_number_once", Refused, "The step has an attempt of this number already.", field="number")
