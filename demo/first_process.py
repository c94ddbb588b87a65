"""The environment of a container's first process, as Proxmox gives it from 9.1 on: the option `env` as it boots.

Decides: which `env` is taken, and what the first process has of it. Not: the rest of a start (fakepve, tasks.py).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from fakepve import FakeCt, PveError

from demo.tasks import Tasks

Call = Callable[[Any, dict[str, Any]], Awaitable[Any]]

# Proxmox's own pattern for `env`. fakepve takes at most 1024 characters of whatever has a pattern; Proxmox takes any.
_PAIR = r"\w+=[^\x00-\x08\x0a-\x1f\x7f]*"
_ENV = re.compile(rf"{_PAIR}(?:\x00{_PAIR})*")


class FirstProcess(Tasks):
    """fakepve with containers whose first process has an environment."""

    def environment(self, ct: FakeCt) -> dict[str, str]:
        """What `/proc/1/environ` holds inside: of a container that does not run, nothing."""
        if ct.status != "running":
            return {}
        pairs = (pair for pair in getattr(ct, "booted_with", "").split("\0") if pair)
        return dict(pair.split("=", 1) for pair in pairs)

    async def _start_steps(self, ct: FakeCt, user: str, skiplock: bool = False) -> None:
        await super()._start_steps(ct, user, skiplock)
        ct.booted_with = str(ct.config.get("env", ""))

    async def answer(
        self, request: web.Request, match: Any, params: dict[str, Any], user: str, call: Call | None = None
    ) -> Any:
        env = params.get("env")
        if env is None or call is None:
            return await super().answer(request, match, params, user, call)
        if not _ENV.fullmatch(env):
            raise PveError(400, "Parameter verification failed.", {"env": "value does not match the regex pattern"})

        async def with_env(match: Any, values: dict[str, Any]) -> Any:
            return await call(match, values | {"env": env})

        return await super().answer(request, match, params | {"env": "A="}, user, with_env)
