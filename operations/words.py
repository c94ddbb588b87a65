"""What the kinds and their steps are called in sentences: the words that explain.py and the pages put together.

Decides: these words, from an operation's own rows. Not: the sentences (explain.py), nor what is done (each kind).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from operations.models import Operation

Params = Mapping[str, Any]


def _destroy(params: Params, version: int) -> str:
    return "destroy {it}" if version > 1 else "destroy {it} at once"


def _suspend(params: Params, version: int) -> str:
    why = f": {params['reason']}" if params.get("reason") else ""
    return "suspend {it}" + _of_its_tenant(params) + why.replace("{", "{{").replace("}", "}}")


def _resume(params: Params, version: int) -> str:
    return "resume {it}" + _of_its_tenant(params)


def _of_its_tenant(params: Params) -> str:
    return " with all of its tenant's" if params.get("scope") == "tenant" else ""


def _resize(params: Params, version: int) -> str:
    """Only what was asked for: None is as it is."""
    units = {"cores": "cores", "memory_mib": "MiB of memory", "swap_mib": "MiB of swap", "disk_gib": "GiB of disk"}
    sizes = [f"{params[name]} {unit}" for name, unit in units.items() if params.get(name) is not None]
    return f"resize {{it}} to {', '.join(sizes)}" if sizes else "resize {it}"


def _move(params: Params, version: int) -> str:
    return "move {it} to node {node}" if params.get("node") else "move {it} to another node"


# A kind -> its verb, with the parameters that matter. A kind that is not here is called by its name.
IN_WORDS: dict[str, str | Callable[[Params, int], str]] = {
    "create": "create {it}",
    "destroy": _destroy,
    "purge": "purge {it}",
    "restore": "restore {it}",
    "rebuild": "rebuild {it}",
    "resize": _resize,
    "rename": "rename {it} to {hostname}",
    "move": _move,
    "snapshot": "take snapshot {name} of {it}",
    "delete_snapshot": "delete snapshot {name} of {it}",
    "rollback": "roll {it} back to snapshot {name}",
    "suspend": _suspend,
    "resume": _resume,
    "start": "start {it}",
    "stop": "stop {it}",
    "reboot": "reboot {it}",
    "set_keys": "replace the SSH keys of {it}",
}

# A step's name -> what it does. A name that is not here is shown as it is.
STEPS = {
    "reserve": "Reserve its place and address",
    "declare": "Write down what is wanted",
    "clone": "Copy the template",
    "configure": "Set size and network",
    "onboot": "Set whether it starts by itself",
    "write": "Write its configuration",
    "see": "See what it has now",
    "mark": "Mark it as deleted",
    "unmark": "Take the mark of a deleted one off",
    "rest_old": "Keep the old container from starting by itself",
    "switch": "Put the new container in the old one's place",
    "destroy_old": "Destroy the old container",
    "destroy_others": "Destroy other containers that a rebuild left",
    "release_others": "Give back the other containers' VMIDs",
    "grow": "Grow its disk",
    "migrate": "Bring it to the other node",
    "follow": "Write down where it is",
    "take": "Take the snapshot",
    "delete": "Delete the snapshot",
    "begin": "Write down what it was",
    "rollback": "Go back to the snapshot",
    "start": "Start it",
    "shutdown": "Ask it to shut down",
    "stop": "Make sure that it is stopped",
    "destroy": "Destroy it",
    "settle": "Write down how it ended",
}


class _Unknown(dict[str, Any]):
    """Parameters of an older version may lack a name: the sentence stands without it."""

    def __missing__(self, key: str) -> str:
        return "?"


def deed(operation: Operation, it: str) -> str:
    """What was asked for, as it stands after "to"; `it` is what the subject is called there."""
    words = IN_WORDS.get(operation.kind, operation.kind.replace("_", " ") + " {it}")
    params = operation.params if isinstance(operation.params, dict) else {}
    template = words if isinstance(words, str) else words(params, operation.version)
    return template.format_map(_Unknown(params, it=it))


def step_words(name: str) -> str:
    """What a step does, as a title."""
    return STEPS.get(name) or name.replace("_", " ").capitalize()


def named(step: str) -> str:
    """A step in a sentence: by the name that the pages show, and what it does."""
    words = step_words(step)
    return f"{step} ({words[0].lower()}{words[1:]})" if STEPS.get(step) else step


def containers(operation: Operation) -> str:
    """The containers that it tells of besides the subject's own: `CT 9101 and CT 9105`; empty if it tells of none."""
    told = [(operation.params or {}).get("vmid"), (operation.before or {}).get("vmid")]
    found = sorted({vmid for vmid in told if isinstance(vmid, int)})
    return " and ".join(f"CT {vmid}" for vmid in found)
