"""A listening socket that can refuse connections for a while and then take them again, on the same port.

Decides: how "unreachable" looks to a client (connection refused). Not: when.
"""

from __future__ import annotations

import socket
import ssl

from aiohttp import web


class Listener:
    """Where one server takes its connections."""

    def __init__(self, runner: web.AppRunner, host: str, port: int, context: ssl.SSLContext) -> None:
        self._runner = runner
        self._context = context
        self._site: web.SockSite | None = None
        self._socket = self._bound(host, port)
        self.host = host
        self.port = int(self._socket.getsockname()[1])

    @staticmethod
    def _bound(host: str, port: int) -> socket.socket:
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        return bound

    async def open(self) -> None:
        """Take connections."""
        if self._site is None:
            self._site = web.SockSite(self._runner, self._socket, ssl_context=self._context)
            await self._site.start()

    async def close(self) -> None:
        """Refuse connections and cut those that stand. The port stays ours: bound, but nobody listens."""
        if self._site is None:
            return
        await self._site.stop()
        self._site = None
        self._socket = self._bound(self.host, self.port)
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()
