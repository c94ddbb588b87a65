"""What is judged of the cluster as a whole: endpoints, certificates, version, quorum, nodes, token, firewall.

Decides: state, words and remedy of each. Not: what is asked (asking.py), nor the parts of pods (parts_rules.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from clusters.check.asking import NoAnswer, Seen
from clusters.check.finding import Finding, failed, ok, unknown, warning
from clusters.check.privileges import NAMES, NEEDED, Privilege, paths_of
from clusters.check.target import Target
from clusters.dataplane import errors
from clusters.dataplane.certificate import ServerCertificate
from clusters.dataplane.grants import Grants
from clusters.models import Cluster

OLDEST = (8, 4)  # what the recordings of Proxmox begin with
ENV_SINCE = (9, 1)  # containers take the option `env`
FEW_DAYS = 30
ROLE = "MigraCloud"  # what the README calls the token's role

UNREACHED = "See that pveproxy runs there and that its port lets us in; or take the endpoint out of the declaration."
UNTRUSTED = (
    "Compare on the node: openssl x509 -noout -fingerprint -sha256 -in /etc/pve/local/pve-ssl.pem; "
    "then correct ca_file or fingerprint in the declaration."
)
OTHERWISE = "Mend what failed above, then check again."


def access_findings(target: Target, seen: Seen, now: datetime) -> Iterator[Finding]:
    yield from _endpoints(target, seen)
    yield from _certificates(target, seen, now)
    yield from _version(target, seen)
    yield from _token(target, seen)
    yield from _quorum(seen)
    yield from _nodes(target, seen)
    yield from _firewall(seen)


def _endpoints(target: Target, seen: Seen) -> Iterator[Finding]:
    verified = "fingerprint" if target.access.fingerprint else "CA file" if target.access.ca_file else "system's CAs"
    for endpoint, answer in seen.versions.items():
        if not isinstance(answer, NoAnswer) or answer.code == errors.TokenRefused.code:
            yield ok("endpoint", endpoint, f"It answers; its certificate is trusted by the {verified}.")
        elif answer.code == errors.CertificateNotTrusted.code:
            yield failed("endpoint", endpoint, answer.why, UNTRUSTED)
        elif answer.code:
            yield failed("endpoint", endpoint, answer.why, UNREACHED)
        else:
            yield unknown("endpoint", endpoint, answer.why, OTHERWISE)


def _certificates(target: Target, seen: Seen, now: datetime) -> Iterator[Finding]:
    for endpoint, certificate in seen.certificates.items():
        if isinstance(certificate, ServerCertificate):
            yield _certificate(target, endpoint, (certificate.ends - now).days, f"{certificate.ends:%Y-%m-%d}")
        else:
            yield unknown("certificate", endpoint, certificate.why, OTHERWISE)


def _certificate(target: Target, endpoint: str, days: int, until: str) -> Finding:
    renew = "On the node, type: pvecm updatecerts --force (or renew it where you had it signed)."
    if target.access.fingerprint:
        renew = f"{renew} Then state the new fingerprint in the declaration and run bootstrap."
    if days < 0:
        return failed("certificate", endpoint, f"It has expired on {until}.", renew)
    words = f"{days} days left, until {until}."
    return warning("certificate", endpoint, words, renew) if days < FEW_DAYS else ok("certificate", endpoint, words)


def _version(target: Target, seen: Seen) -> Iterator[Finding]:
    versions = [answer for answer in seen.versions.values() if not isinstance(answer, NoAnswer)]
    if not versions:
        yield unknown("version", "Proxmox VE", "No endpoint told it.", OTHERWISE)
        return
    oldest = min(versions, key=lambda version: version.parts)
    if oldest.parts < OLDEST:
        words = f"{oldest.text} is older than {_dotted(OLDEST)}, the oldest that this works with."
        yield failed("version", "Proxmox VE", words, f"Upgrade the nodes to {_dotted(OLDEST)} or newer.")
    elif oldest.parts < ENV_SINCE and target.declared.key_delivery == Cluster.KeyDelivery.ENV:
        words = f"{oldest.text} cannot deliver SSH keys as declared: the option env begins with {_dotted(ENV_SINCE)}."
        remedy = 'State key_delivery = "none" in the declaration and run bootstrap, or upgrade the nodes.'
        yield failed("version", "Proxmox VE", words, remedy)
    else:
        yield ok("version", "Proxmox VE", f"{oldest.text}.")


def _dotted(parts: tuple[int, ...]) -> str:
    return ".".join(map(str, parts))


def _token(target: Target, seen: Seen) -> Iterator[Finding]:
    refused = [a for a in seen.versions.values() if isinstance(a, NoAnswer) and a.code == errors.TokenRefused.code]
    identity = target.access.token_id
    user = identity.partition("!")[0]
    if refused:
        remedy = (
            f"On a node, type: pveum user token add {user} NEW-NAME --privsep 0; then state its id and set its secret."
        )
        yield failed("token", identity, refused[0].why, remedy)
    elif isinstance(seen.grants, NoAnswer):
        yield unknown("token", identity, seen.grants.why, OTHERWISE)
    elif not seen.grants.anywhere():
        remedy = (
            f'On a node, type: pveum role add {ROLE} --privs "{" ".join(NAMES)}"; '
            f"pveum acl modify / --users {user} --tokens '{identity}' --roles {ROLE}"
        )
        lacks = f"It may do nothing at all; it lacks {', '.join(NAMES)}."
        yield failed("token", identity, lacks, remedy)
    else:
        yield from _privileges(target, seen.grants)


def _privileges(target: Target, grants: Grants) -> Iterator[Finding]:
    identity = target.access.token_id
    missing = [(needed, _lacking(needed, target, grants)) for needed in NEEDED]
    for needed, paths in missing:
        if paths:
            words = f"It lacks {needed.name} on {', '.join(paths)}; needed to {needed.reason}."
            yield failed("token", needed.name, words, _grant(needed, paths, identity, grants))
    if not any(paths for _, paths in missing):
        yield ok("token", identity, f"It has all {len(NEEDED)} privileges that it needs.")
    if identity.startswith("root@pam!"):
        remedy = "Make a user with the least privileges and a token of its own (README), and state that."
        yield warning("token", identity, "It is a token of root@pam, which may do everything.", remedy)
    # What only reads is left to the operator.
    more = sorted(name for name in grants.anywhere() - set(NAMES) if not name.endswith(".Audit"))
    if more and not identity.startswith("root@pam!"):
        words = f"It may do more than is needed: {', '.join(more)}."
        remedy = f'On a node, type: pveum role modify {ROLE} --privs "{" ".join(NAMES)}" ({ROLE}: the token\'s role)'
        yield warning("token", identity, words, remedy)


def _lacking(needed: Privilege, target: Target, grants: Grants) -> list[str]:
    return [path for path in paths_of(needed, target.declared) if needed.name not in grants.at(path)]


def _grant(needed: Privilege, paths: list[str], identity: str, grants: Grants) -> str:
    """Held elsewhere: its role does not reach here. Held nowhere: its role lacks it."""
    if needed.name not in grants.anywhere():
        line = f"pveum role modify {ROLE} --append 1 --privs {needed.name}"
    else:
        user = identity.partition("!")[0]
        line = "; ".join(
            f"pveum acl modify {path} --users {user} --tokens '{identity}' --roles {ROLE}" for path in paths
        )
    return f"On a node, type: {line} ({ROLE}: the token's role)"


def _quorum(seen: Seen) -> Iterator[Finding]:
    if isinstance(seen.state, NoAnswer):
        yield unknown("quorum", "cluster", seen.state.why, OTHERWISE)
    elif not seen.state.name:
        yield ok("quorum", "cluster", "A single node, in no cluster.")
    elif seen.state.quorate:
        yield ok("quorum", seen.state.name, "The cluster has its quorum.")
    else:
        words = "The cluster has no quorum: it refuses every change."
        remedy = "Start the nodes that are down, or mend the network between them (on a node: pvecm status)."
        yield failed("quorum", seen.state.name, words, remedy)


def _nodes(target: Target, seen: Seen) -> Iterator[Finding]:
    if isinstance(seen.state, NoAnswer):
        yield unknown("node", "all", seen.state.why, OTHERWISE)
        return
    members = {member.name: member for member in seen.state.members}
    for node in target.declared.nodes:
        member = members.pop(node.name, None)
        if member is None:
            remedy = (
                "Correct the node's name in the declaration; if it has left the cluster, switch it off in the admin."
            )
            yield failed("node", node.name, "The cluster has no node of this name.", remedy)
        elif not member.online:
            remedy = "Start it. While it is down, switch it off in the admin: pods are placed elsewhere."
            yield failed("node", node.name, "It is offline.", remedy)
        else:
            yield ok("node", node.name, "It is online.")
    for name in members:
        yield ok("node", name, "The cluster has it, and it is not declared: no pod is placed there.")


def _firewall(seen: Seen) -> Iterator[Finding]:
    if isinstance(seen.firewall, NoAnswer):
        yield unknown("firewall", "datacentre", seen.firewall.why, OTHERWISE)
    elif seen.firewall:
        yield ok("firewall", "datacentre", "It is on.")
    else:
        words = "It is off, so no rule is made: nothing keeps a pod from taking another's address."
        remedy = "Allow your own ways in first; then switch it on: Datacenter > Firewall > Options > Firewall."
        yield warning("firewall", "datacentre", words, remedy)
