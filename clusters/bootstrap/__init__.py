"""bootstrap(): from a declaration to rows (apply.py), with a report of what changed (report.py).

Decides: what the package offers. Not: what a declaration is (declaration/).
"""

from clusters.bootstrap.apply import bootstrap
from clusters.bootstrap.report import Change, FieldChange, Report, Verb

__all__ = ["Change", "FieldChange", "Report", "Verb", "bootstrap"]
