"""An endpoint: a listening socket that can refuse connections, or hang, and later take them again on the same port.

Decides: how "unreachable" looks to a client. Not: when.
"""

from __future__ import annotations

import asyncio
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
        self.url = f"https://{host}:{self.port}"

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

    async def close(self, *, hang: bool = False) -> None:
        """Cut the connections that stand, and refuse new ones; or `hang`: take them and never say a word.

        The port stays ours: bound, but nobody listens, or only the kernel does.
        """
        if self._site is None:
            return
        await self._site.stop()
        self._site = None
        self._socket = self._bound(self.host, self.port)
        if hang:
            self._socket.listen()
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            if connection.transport is not None and self.took(connection.transport):
                connection.transport.abort()
        await asyncio.sleep(0)  # the sockets are closed in the loop's next turn: whoever waits for us sees them closed

    def took(self, transport: asyncio.BaseTransport) -> bool:
        """Whether the connection came in here. One that is closed already came from nowhere."""
        name = transport.get_extra_info("sockname")
        return name is not None and name[1] == self.port
