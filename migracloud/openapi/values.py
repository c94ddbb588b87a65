"""What each value of an enum means: words of the document.

Decides: the wording. Not: which values there are; a test compares the two.
"""

from __future__ import annotations

VALUES: dict[str, dict[str, str]] = {
    "TenantKind": {"customer": "a customer", "platform": "the platform itself, `TENANT-0`"},
    "TenantState": {
        "active": "it may get new pods, as far as its quota goes",
        "suspended": "it gets no new pods, and those that it has stand still",
    },
    "PodPhase": {
        "creating": "its container is being made",
        "active": "it is there",
        "destroying": "it is being destroyed",
        "deleted": "it was destroyed and is kept until `purge_at`; it can be restored",
        "needs_attention": "an operation left something that the platform's staff have to look at",
        "failed": "it never came to be; nothing is left of it",
        "gone": "it was purged; nothing is left of it",
        "lost": "the machine that it was on is lost for good, and the pod with it",
    },
    "PodDesired": {"running": "it should run", "stopped": "it should be off", "absent": "it should not be there"},
    "PodObserved": {
        "unknown": "nobody has seen it yet, or its cluster does not answer",
        "running": "it ran",
        "stopped": "it was off",
        "absent": "it was not there",
    },
    "PodUnknown": {
        "not_seen_yet": "nobody has seen it yet",
        "cluster_does_not_answer": "its cluster does not answer",
        "cluster_does_not_tell": "its cluster answers, but does not tell: the node is off, say",
    },
    "SnapshotState": {
        "creating": "it is being taken",
        "ready": "it can be gone back to",
        "deleting": "it is being deleted",
    },
    "FindingSeverity": {
        "warning": "it should be seen to",
        "critical": "something cannot go on until it is seen to",
    },
    "OperationState": {
        "blocked": "it stands behind another operation on its pod",
        "queued": "no worker has had it yet",
        "running": "a worker has it",
        "parked": "it waits for a task of the cluster",
        "waiting": "it waits for its turn, for the next try, or for the end of a freeze",
        "succeeded": "it is done",
        "failed": "it was not possible; everything it had done is undone",
        "cancelled": "somebody took it back; everything it had done is undone",
        "needs_attention": "it was not possible; something is left that the platform's staff have to look at",
        "resolved": "something was left, and the platform's staff have dealt with it",
    },
    "Direction": {"do": "doing the step", "undo": "undoing it"},
    "StepState": {
        "pending": "not begun",
        "begun": "begun; whether it had an effect may not be known yet",
        "parked": "it waits for a task of the cluster",
        "done": "done",
        "undoing": "being undone",
        "undo_parked": "being undone; it waits for a task of the cluster",
        "undone": "undone",
    },
    "AttemptResult": {
        "done": "it did what it should",
        "wait": "somebody else was busy with it; tried again",
        "retry": "it did not work; tried again",
        "refused": "it is not allowed; not tried again",
        "failed": "it went wrong for good; not tried again",
        "skipped": "no try: a person said that this step is over",
    },
}
