"""A checkout with the commands of bin/ and a stub for Python.

Decides: what stands in it. Not: how it is used (commands.py).
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.bin.commands import PYTHON_STUB, ROOT, library, program


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the commands, set up with a stub for Python, in a deep folder with a space in its name."""
    root = tmp_path / "a deep" / "check out"
    shutil.copytree(ROOT / "bin", root / "bin")
    shutil.copytree(ROOT / ".ci", root / ".ci")
    for name in ("requirements.txt", "requirements-dev.txt", "constraints.txt"):
        shutil.copy(ROOT / name, root)
    python = root / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    program(python, PYTHON_STUB)
    (root / ".data").mkdir()
    wanted = library(root, "wanted_packages")
    (root / ".venv" / "installed").write_text(wanted.stdout)
    return root
