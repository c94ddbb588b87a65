"""check(), always(): is the world as it has to be? Reads facts only, and shares no code with what it judges.

    facts = read(cursor, {"pve-a": look_at(plane)}, mark_secrets={"k1": b"..."})
    assert not check(facts)      # when nothing goes on any more
    assert not always(facts)     # at any moment

Decides: which rules hold when. Not: the rules themselves (rules_rows.py, rules_clusters.py, effects.py).
"""

from __future__ import annotations

from collections.abc import Container, Mapping

from chaos import effects, rules_clusters, rules_rows
from chaos.facts import Facts, look_at, read
from chaos.violations import Rule, Violation

__all__ = ["Facts", "Violation", "always", "check", "look_at", "read"]

ALWAYS: tuple[Rule, ...] = (*rules_rows.ALWAYS, *rules_clusters.ALWAYS)
AT_REST: tuple[Rule, ...] = (*ALWAYS, *rules_rows.AT_REST, *rules_clusters.AT_REST, *effects.AT_REST)


def always(facts: Facts) -> list[Violation]:
    """What must hold at every moment."""
    return [violation for rule in ALWAYS for violation in rule(facts)]


def check(
    facts: Facts, *, budget: Mapping[tuple[int, str], int] | None = None, leaves: Container[str] = ()
) -> list[Violation]:
    """What must hold when the world is at rest.

    `budget`: how often each call may have taken effect (effects.effects of an undisturbed run). `leaves`: codes of what
    is known to be left, because the operation that has ended said so.
    """
    found = [violation for rule in AT_REST for violation in rule(facts)]
    if budget is not None:
        found += effects.more_than(budget, facts)
    return [violation for violation in dict.fromkeys(found) if violation.code not in leaves]
