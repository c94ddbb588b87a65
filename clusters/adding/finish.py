"""What is done with a document: it is read as bootstrap reads it, the cluster is checked, the file is written.

Decides: the order, and that a document which cannot be read is never written. Not: what is in it (dialogue.py).
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import replace
from pathlib import Path

from clusters.adding.dialogue import Added
from clusters.adding.write import toml_of, write_whole
from clusters.bootstrap import bootstrap
from clusters.check import Report, Target, check
from clusters.check.target import patient
from clusters.declaration import Declaration, DeclarationRefused, declaration_of, read_declaration


def checked(added: Added) -> Report:
    """The cluster as the document declares it. Refused: DeclarationRefused; then nothing was written."""
    declaration = declaration_of(tomllib.loads(toml_of(added.document)), os.environ)
    declared = declaration.clusters[0]
    return check(Target(declared, patient(replace(added.access, name=declared.name))))


def written(added: Added, file: Path, *, replace_it: bool) -> Declaration:
    """Write the file and read it back. May raise OSError."""
    write_whole(file, toml_of(added.document), replace=replace_it)
    return read_declaration(file)


def contradictions(declaration: Declaration) -> list[str]:
    """What keeps bootstrap from taking it beside what the database holds."""
    try:
        bootstrap(declaration, dry_run=True)
    except DeclarationRefused as refused:
        return [str(problem) for problem in refused.problems]
    return []
