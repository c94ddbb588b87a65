"""read_declaration(): one TOML file as a checked Declaration.

Decides: that a file with any problem is refused, with all of them. Not: what the database makes of it (bootstrap/).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from clusters.declaration.cluster_rules import check_clusters
from clusters.declaration.network_rules import check_networks
from clusters.declaration.parse import parse
from clusters.declaration.problems import DeclarationRefused, Problem, Problems
from clusters.declaration.shape import Declaration

__all__ = ["Declaration", "DeclarationRefused", "Problem", "declaration_of", "read_declaration"]


def read_declaration(path: Path, environ: Mapping[str, str] | None = None) -> Declaration:
    """The declaration in a file. Refused: DeclarationRefused with every problem, each by its key."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DeclarationRefused([Problem(str(path), f"The file cannot be read: {error}.")]) from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DeclarationRefused([Problem(str(path), f"The file is not TOML: {error}.")]) from error
    return declaration_of(document, os.environ if environ is None else environ)


def declaration_of(document: Mapping[str, object], environ: Mapping[str, str]) -> Declaration:
    """The declaration in a TOML document that was read already. Refused: DeclarationRefused."""
    problems = Problems()
    declaration = parse(document, environ, problems)
    check_networks(declaration, problems)
    check_clusters(declaration, problems)
    if problems.found:
        raise DeclarationRefused(problems.found)
    return declaration
