"""A tenant's SSH public keys: which are taken, how people are told of them, which environment carries them. Pure.

Decides: form and strength of a key, what is said of one that is refused. Not: whether a cluster can deliver it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from pods.refusals import BadSshKey

FIELD = "ssh_keys"
TYPES = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)
MOST_KEYS = 20
LONGEST_LINE = 8_192
# Together they are far from what Proxmox takes in a request (512 KiB) and Linux in an environment.
MOST_TOGETHER = 65_536
# 112 bits of security, which NIST allows until 2030; ssh-keygen made 2048 by itself until 2019. sshd takes no more
# than 16384.
LEAST_RSA_BITS, MOST_RSA_BITS = 2_048, 16_384

VARIABLE = "CLOUDPOD_SSH_KEY_"
_OURS = re.compile(rf"{VARIABLE}\d+=")

_PRIVATE = re.compile(r"-BEGIN [A-Z0-9 ]*PRIVATE KEY-|PuTTY-User-Key-File", re.IGNORECASE)


@dataclass(frozen=True)
class PublicKey:
    """One key as people name it. `line` is what was given."""

    line: str
    type: str
    fingerprint: str
    comment: str

    def __str__(self) -> str:
        return f"{self.type} {self.fingerprint} {self.comment}".rstrip()


def check_keys(lines: Sequence[str]) -> list[str]:
    """The keys as they are kept: one line each, as given but for blanks at its ends. Refused: BadSshKey.

    No message holds any of a key's text: what was pasted by mistake may be a secret.
    """
    if len(lines) > MOST_KEYS:
        raise BadSshKey(f"A pod takes at most {MOST_KEYS} SSH keys; these are {len(lines)}.", field=FIELD)
    keys: list[PublicKey] = []
    for index, line in enumerate(lines):
        key = _checked(index, line)
        for earlier, other in enumerate(keys):
            if other.fingerprint == key.fingerprint:
                raise _refused(index, f"this is the key of {FIELD}[{earlier}] again. Give each key once")
        keys.append(key)
    if sum(len(key.line) for key in keys) > MOST_TOGETHER:
        raise BadSshKey(f"The keys of a pod may have {MOST_TOGETHER} characters together.", field=FIELD)
    return [key.line for key in keys]


def read_keys(lines: Iterable[str]) -> list[PublicKey]:
    """Keys that were checked before, as people name them."""
    return [_split(line) for line in lines]


def environment_with(keys: Sequence[str], inherited: Iterable[str]) -> tuple[str, ...]:
    """The `NAME=value` pairs of a container: what it has from its template, without other keys, and these keys."""
    kept = [pair for pair in inherited if not _OURS.match(pair)]
    return (*kept, *(f"{VARIABLE}{number}={key}" for number, key in enumerate(keys, start=1)))


def _checked(index: int, given: str) -> PublicKey:
    if private := _PRIVATE.search(given):
        raise _refused(
            index,
            "this is a private key, which nobody else may have: make a new pair, and give the public one (.pub)",
            _line_at(given, private),
        )
    line = given.strip(" ")
    if not line:
        raise _refused(index, "this is empty. Give a key such as the line of id_ed25519.pub")
    if len(line) > LONGEST_LINE:
        raise _refused(index, f"this has {len(line)} characters; a key has at most {LONGEST_LINE}")
    _check_characters(index, line)
    if line.startswith("#"):
        raise _refused(index, "this is a remark, not a key. Leave it out")
    _check_type(index, line)
    key = _split(line)
    _check_blob(index, key)
    return key


def _check_characters(index: int, line: str) -> None:
    """Printable ASCII, which is what Proxmox keeps of an environment as it was given; its files are no UTF-8."""
    found = re.search(r"[^\x20-\x7e]", line)
    if found is None:
        return
    number = _line_at(line, found)
    if found[0] in "\r\n":
        raise _refused(index, "a line break ends it. Give each key as a text of its own, in one line", number)
    what = f"the character U+{ord(found[0]):04X}"
    raise _refused(index, f"{what} stands in it. A key and its comment take printable ASCII only", number)


def _check_type(index: int, line: str) -> None:
    first = line.split(" ", 1)[0]
    if first in TYPES:
        return
    if first == "ssh-dss":
        raise _refused(index, "DSA keys are weak, and sshd takes none. Make one with: ssh-keygen -t ed25519")
    if "-cert-v0" in first:
        raise _refused(index, "this is a certificate. Give the public key itself")
    if any(f" {known} " in f" {line}" for known in TYPES):
        raise _refused(
            index,
            'something stands before the key, such as command="..." or from="...". Options are not taken: give '
            "type, key and comment only",
        )
    raise _refused(index, f"this begins with no type of key. A key is one of: {', '.join(TYPES)}")


def _check_blob(index: int, key: PublicKey) -> None:
    blob = _blob(key.line)
    if blob is None:
        raise _refused(index, "what follows the type is not the base64 of a key. Copy the line again, whole")
    inner = blob[4 : 4 + int.from_bytes(blob[:4], "big")]
    if inner != key.type.encode():
        raise _refused(index, f"it says {key.type}, and the key in it is of another type. Copy the line again, whole")
    try:
        public = load_ssh_public_key(" ".join(key.line.split()[:2]).encode())
    except (ValueError, UnsupportedAlgorithm):
        raise _refused(
            index, f"the key in it is no sound {key.type} key: it is cut off, too long or damaged. Copy it again, whole"
        ) from None
    if isinstance(public, RSAPublicKey) and not LEAST_RSA_BITS <= public.key_size <= MOST_RSA_BITS:
        raise _refused(
            index,
            f"an RSA key of {public.key_size} bits is not taken: it has {LEAST_RSA_BITS} to {MOST_RSA_BITS}. Make a "
            "stronger one with: ssh-keygen -t ed25519",
        )


def _split(line: str) -> PublicKey:
    kind, _, rest = line.partition(" ")
    _, _, comment = rest.lstrip(" ").partition(" ")
    digest = hashlib.sha256(_blob(line) or b"").digest()
    fingerprint = "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
    return PublicKey(line, kind, fingerprint, comment.strip(" "))


def _blob(line: str) -> bytes | None:
    """The key itself, if it is written as every tool writes it: a lenient reader would skip what is no base64."""
    text = (line.split(" ", 1)[1:] or [""])[0].lstrip(" ").split(" ", 1)[0]
    try:
        blob = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    return blob if blob and base64.b64encode(blob).decode() == text else None


def _line_at(text: str, found: re.Match[str]) -> int:
    return text.count("\n", 0, found.start()) + 1


def _refused(index: int, why: str, line: int = 1) -> BadSshKey:
    return BadSshKey(f"{FIELD}[{index}], line {line}: {why}.", field=FIELD)
