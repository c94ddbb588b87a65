"""What an answer or a task's end of Proxmox means, as a type: the one place that reads Proxmox's words.

Decides: the error's type and its sentence for people. Not: how the answer came here (transport.py).
"""

import json
import re
from dataclasses import dataclass

from clusters.dataplane import errors
from clusters.dataplane.port import Task
from operations.errors import StepError

DETAIL_LENGTH = 2000  # characters of Proxmox's words that are kept with an attempt


@dataclass(frozen=True)
class Asked:
    """What was asked, for the message, and whether it could have had an effect."""

    cluster: str
    doing: str  # completes "could not ..."
    write: bool

    def failed(self, why: str) -> str:
        return f"Cluster {self.cluster}: could not {self.doing}: {why}."


@dataclass(frozen=True)
class Rule:
    """Words of Proxmox, the type they mean, the sentence for people ({0} is the pattern's group).

    `at_end`: it means the same as a task's exit status. Where it does not (a task that lost its quorum half
    way has done something), the task simply failed. `in_log`: a failed task may say it in its log alone (a copy's own
    words), and it explains any end that says nothing else.
    """

    pattern: re.Pattern[str]
    error: type[StepError]
    why: str
    at_end: bool = True
    in_log: bool = False


def _rule(pattern: str, error: type[StepError], why: str, *, at_end: bool = True, in_log: bool = False) -> Rule:
    return Rule(re.compile(pattern, re.IGNORECASE), error, why, at_end, in_log)


# A migration that stops before anything was moved. Its task ends in `migration aborted`, the reason is in its log.
ABORTED = "migration aborted"
MIGRATION = (
    _rule(
        r"can't connect to destination address",
        errors.NodeOffline,
        "its node cannot reach the one that it is to move to",
    ),
    _rule(
        r"can't migrate running container|running container can only be migrated|live migration is currently not",
        errors.CannotMigrate,
        "it runs; it must be stopped first",
    ),
    _rule(
        r"can't migrate local volume '([^']*)': clone of '([^']*)'",
        errors.CannotMigrate,
        "its volume {0} is a linked clone of {1}, and stays on the node of that",
    ),
    _rule(
        r"can't migrate local volume '([^']*)': (.*)",
        errors.CannotMigrate,
        "its volume {0} cannot leave its node ({1})",
    ),
    _rule(
        r"cannot migrate local (\S+ mount point '[^']*')",
        errors.CannotMigrate,
        "its {0} cannot leave its node",
    ),
    _rule(
        rf"{ABORTED} \(duration [\d:]+\): (.*not available on.*|storage '[^']*' is disabled)",
        errors.CannotMigrate,
        "the other node lacks what it needs: {0}",
    ),
    _rule(r"can't migrate CT - check log", errors.CannotMigrate, "its volumes cannot leave its node"),
)

# The first that matches counts.
RULES = (
    _rule(
        r"no space left on device|out of space|(?:not enough|insufficient) free space|free space in thin pool",
        errors.StorageFull,
        "the storage has no room for it",
        in_log=True,
    ),
    _rule(
        r"(?:CT|VM) is locked \(([^)]*)\)",
        errors.Locked,
        "it is locked ({0}): another task works on it, or has left its lock",
    ),
    _rule(r"can't (?:lock|open lock) file ('[^']*')", errors.Locked, "another task holds the lock {0}"),
    _rule(r"failed to obtain guest migration lock", errors.Locked, "it is being replicated or migrated"),
    _rule(r"detected modified configuration", errors.Changed, "its configuration was changed meanwhile"),
    _rule(r"(?:CT|VM) (\d+) already exists", errors.VmidTaken, "VMID {0} is taken by another guest"),
    _rule(r"Configuration file '([^']*)' does not exist", errors.NotFound, "there is no such container"),
    _rule(
        r"protection mode enabled",
        errors.Protected,
        "it is protected in Proxmox; take the protection off first",
    ),
    _rule(
        r"cannot remove protected volume ('[^']*')",
        errors.Protected,
        "the volume {0} is protected in Proxmox",
    ),
    _rule(r"(?:CT|VM) \d+ already running", errors.WrongState, "it runs already"),
    _rule(r"(?:CT|VM) \d+ not running", errors.WrongState, "it does not run"),
    _rule(
        r"(?:container|CT \d+|VM \d+) is running",
        errors.WrongState,
        "it still runs; it must be stopped first",
    ),
    *MIGRATION,
    _rule(r"snapshot name '([^']*)' already used", errors.SnapshotTaken, "it has a snapshot named {0} already"),
    _rule(
        r"snapshot feature is not available",
        errors.SnapshotImpossible,
        "the storage that it is on makes no snapshots",
    ),
    _rule(
        r"unable to rollback to incomplete snapshot",
        errors.SnapshotImpossible,
        "the snapshot is only half made",
    ),
    _rule(
        r"can't rollback, '([^']*)' is not most recent snapshot",
        errors.SnapshotNotNewest,
        "snapshot {0} is not the newest one, and its storage goes back to no other",
    ),
    _rule(r"((?:storage|volume|snapshot) '[^']*') does not exist", errors.NotFound, "{0} does not exist"),
    _rule(r"no such cluster node ('[^']*')", errors.NotFound, "the cluster has no node {0}"),
    _rule(r"no such task", errors.NotFound, "there is no such task"),
    _rule(
        r"hostname lookup '([^']*)' failed",
        errors.NodeOffline,
        "the cluster does not know node {0} or cannot reach it",
        at_end=False,
    ),
    _rule(
        r"no quorum|cluster not ready|not quorate|unable to open file '/etc/pve/[^']*' - Permission denied",
        errors.NoQuorum,
        "the cluster has no quorum; too few of its nodes are up",
        at_end=False,
    ),
    _rule(r"disk is already at specified size", errors.Invalid, "its disk has that size already"),
    _rule(r"unable to shrink disk size", errors.Invalid, "a disk cannot shrink"),
    _rule(
        r"Linked clone feature for '([^']*)' is not available",
        errors.Invalid,
        "the storage of {0} cannot make linked clones; use a full clone for this tier",
    ),
    _rule(
        r"parameter 'storage' not allowed for linked clones",
        errors.Invalid,
        "a linked clone takes no storage",
    ),
    _rule(r"no options specified", errors.Invalid, "nothing to write was given"),
)


def answer_error(asked: Asked, status: int, reason: str, text: str) -> StepError | None:
    """The error that an HTTP answer is, or None: a JSON object with `data`."""
    body = _json_object(text)
    words = _words(body, reason, text)
    if status == 401:
        return errors.TokenRefused(
            f"Cluster {asked.cluster} does not accept our API token. Check the token's id, secret and expiry date.",
            detail=words,
        )
    if 300 <= status < 400:
        return errors.Unexpected(asked.failed("the endpoint redirects elsewhere; is it a Proxmox API?"), detail=words)
    if status == 595:  # the node that took our call could not connect to the one it is for
        return errors.NodeOffline(asked.failed("its node cannot be reached by the others"), detail=words)
    if status in (502, 503, 504) or 596 <= status <= 599:
        return no_answer(asked, f"the call was cut on its way (HTTP {status})", words)
    if body is None and not (text == "" and status >= 400):
        if text.lstrip().startswith("<"):
            return errors.Unexpected(
                asked.failed("the endpoint answered with a web page; is it a Proxmox API?"), detail=words
            )
        return no_answer(asked, "the answer could not be read", words)
    if status >= 400:
        return _refusal(asked, status, words, body or {})
    if body is None or "data" not in body:
        return errors.Unexpected(asked.failed("the answer holds no data; is it a Proxmox API?"), detail=words)
    return None


def no_answer(asked: Asked, why: str, detail: str) -> StepError:
    """The request went out and no usable answer came: in doubt for a write; a read had no effect anyway."""
    if asked.write:
        return errors.AnswerLost(asked.failed(f"{why}, so it may or may not have been done"), detail=detail)
    return errors.Unavailable(asked.failed(why), detail=detail)


def task_error(task: Task, log: str = "") -> StepError | None:
    """What the end of a task means; None is success (WARNINGS too). `log` is its tail, kept in `detail`."""
    what = f"Task {task.kind} of {task.id} on node {task.node}"
    if task.exit_status is None:
        return errors.Busy(f"{what} still runs.")
    if task.ok:
        return None
    detail = f"{task.exit_status.strip()[:DETAIL_LENGTH]}\n{log[-DETAIL_LENGTH:]}".strip()
    reason = _reason(task.exit_status, log)
    if reason is not None:
        rule, found = reason
        return rule.error(f"{what} failed: {_sentence(rule, found)}.", detail=detail)
    return errors.TaskFailed(f"{what} failed: {task.exit_status.strip()[:200]}", detail=detail)


def _reason(exit_status: str, log: str) -> tuple[Rule, re.Match[str]] | None:
    """What explains the end of a task: its exit status, or what its log alone says."""
    said = exit_status
    if exit_status.strip() == ABORTED:
        of_errors = [line for line in log.splitlines() if " ERROR: " in line or "can't migrate local" in line]
        said = "\n".join([exit_status, *of_errors])
    at_end = ((rule, rule.pattern.search(said)) for rule in RULES if rule.at_end)
    in_log = ((rule, rule.pattern.search(log)) for rule in RULES if rule.in_log)
    return next(((rule, found) for rule, found in (*at_end, *in_log) if found), None)


def _missing_privilege(words: str) -> str:
    """Proxmox names path and privilege: `Permission check failed (/vms/900, VM.Clone)`."""
    if found := re.search(r"\((?P<path>/[^,()]*), (?P<privilege>[A-Za-z.|, ]+)\)", words):
        return f"the token lacks the privilege {found['privilege']} on {found['path']}"
    return "the token lacks a privilege for it"


def _refusal(asked: Asked, status: int, words: str, body: dict[str, object]) -> StepError:
    if status == 403:
        return errors.Denied(asked.failed(_missing_privilege(words)), detail=words)
    fields = _fields(body)
    for rule in RULES:
        if found := rule.pattern.search("\n".join([words, *fields.values()])):
            return rule.error(asked.failed(_sentence(rule, found)), detail=words)
    if status == 400:
        named = "; ".join(f"{name}: {problem}" for name, problem in fields.items())
        return errors.Invalid(
            asked.failed(f"Proxmox refused the parameters ({named or words})"), fields=fields, detail=words
        )
    return errors.Unexpected(
        asked.failed(f"Proxmox answered with an error (HTTP {status}): {words[:200]}"), detail=words
    )


def _sentence(rule: Rule, found: re.Match[str]) -> str:
    return rule.why.format(*found.groups())


def _json_object(text: str) -> dict[str, object] | None:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _words(body: dict[str, object] | None, reason: str, text: str) -> str:
    """Proxmox's own words: in the body, else in the status line; its words for each field after them."""
    if body is None:
        said = f"{reason}\n{text}"
    else:
        said = str(body.get("message") or reason)
        for name, problem in _fields(body).items():
            said = f"{said.strip()}\n{name}: {problem}"
    return said.strip()[:DETAIL_LENGTH]


def _fields(body: dict[str, object]) -> dict[str, str]:
    errors_of_fields = body.get("errors")
    if not isinstance(errors_of_fields, dict):
        return {}
    return {str(name): str(problem).strip() for name, problem in errors_of_fields.items()}
