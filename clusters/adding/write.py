"""A declaration's document as TOML with comments, and the file: written whole or not at all.

Decides: how it reads. Not: what is in it (dialogue.py). It holds no secret.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HEAD = """\
# Made by `manage.py cluster add`; read by `manage.py bootstrap`. Change it as you like: demo/cluster.toml of MigraCloud
# explains every key. What the file does not mention stays as it is.
"""

# What is said above the first table of each kind.
COMMENTS = {
    "networks": "Networks: an address is given out once in each.",
    "networks.subnets.ranges": "What may be given to pods.",
    "networks.subnets.exclusions": "What never is, though it lies in a range.",
    "templates": "The golden template: no pod has less memory or disk. `appliance` is what it was made from.",
    "clusters": "The cluster. `key_delivery`: how tenants' SSH keys reach their pods (env, script or none).",
    "clusters.token": "The token's secret is never written here: `secret_env` names the variable that holds it.",
    "clusters.pod_vmids": "VMIDs that are ours alone.",
    "clusters.nodes": "`memory_mib` (optional) is what placement may give to pods on a node.",
    "clusters.tiers": "Storages and their roles. primary: live pods; backup and archive: copies; template: templates.",
    "clusters.template_copies": "A node clones only what it holds itself.",
    "clusters.attachments": "By which bridge a network is reached. `vlan` (1 to 4094) is optional.",
}


def toml_of(document: Mapping[str, Any]) -> str:
    lines = [HEAD]
    said: set[str] = set()
    for name, value in document.items():
        for item in value:
            _table(name, item, lines, said, many=True)
    return "\n".join(lines)


def _table(path: str, table: Mapping[str, Any], lines: list[str], said: set[str], *, many: bool) -> None:
    """Plain values first: whatever follows a table's heading belongs to that table."""
    if path in COMMENTS and path not in said:
        lines.append(f"# {COMMENTS[path]}")
        said.add(path)
    lines.append(f"[[{path}]]" if many else f"[{path}]")
    inner = {key: value for key, value in table.items() if _is_table(value)}
    lines += [f"{key} = {_value(value)}" for key, value in table.items() if key not in inner]
    lines.append("")
    for key, value in inner.items():
        for item in value if isinstance(value, list) else [value]:
            _table(f"{path}.{key}", item, lines, said, many=isinstance(value, list))


def _is_table(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _value(value: object) -> str:
    """JSON's texts, numbers, lists and truths are TOML's as well."""
    return json.dumps(value, ensure_ascii=False)


def write_whole(file: Path, text: str, *, replace: bool) -> None:
    """Raises FileExistsError unless it may be replaced."""
    handle, part = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
        Path(part).chmod(0o644)
        if replace:
            os.replace(part, file)
        else:
            os.link(part, file)  # refused when there is a file by now
    finally:
        Path(part).unlink(missing_ok=True)
