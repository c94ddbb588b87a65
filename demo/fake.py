"""The demo's Proxmox as a process of its own: `python -m demo.fake --port 0 --dir DIR`.

Decides: arguments, certificates, the file that says where it listens, its end. Not: what it answers (pve.py).
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import json
import os
import secrets
import signal
import sys
from pathlib import Path

from aiohttp import web

from demo import CERTIFICATE_DAYS, certs
from demo.control import Control
from demo.lacks import LackingPve
from demo.layout import LAYOUTS, OWNERS

PR_SET_PDEATHSIG = 1


def _not_negative(text: str) -> float:
    value = float(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return value


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError("must be between 0 (any free port) and 65535")
    return value


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m demo.fake",
        description="Serve a stand-in for the Proxmox API on 127.0.0.1 over TLS. "
        "DIR/ready.json says where it listens, with which certificate and token.",
    )
    made.add_argument(
        "--port", type=_port, default=0, help="port of the first endpoint; 0, the default, takes a free one"
    )
    made.add_argument("--layout", choices=LAYOUTS, default=OWNERS.cluster, help=f"which cluster ({OWNERS.cluster})")
    made.add_argument("--dir", type=Path, required=True, help="folder for certificates and ready.json")
    made.add_argument(
        "--time-scale", type=_not_negative, default=1.0, help="real seconds a second of a task takes; 0: none"
    )
    for name, seconds in (("clone", 2.5), ("start", 1.0), ("stop", 1.0), ("destroy", 1.0)):
        made.add_argument(
            f"--{name}-seconds",
            type=_not_negative,
            default=seconds,
            help=f"what a {name} takes ({seconds})",
        )
    made.add_argument("--token-secret-file", type=Path, help="file with the API token's secret; else a new one is made")
    made.add_argument("--datacentre-firewall", choices=("on", "off"), default="on", help="its switch (on)")
    made.add_argument(
        "--certificate-days", type=int, default=CERTIFICATE_DAYS, help=f"the server's certificate ({CERTIFICATE_DAYS})"
    )
    made.add_argument("--die-with-parent", action="store_true", help="end when the process that started this one ends")
    return made


def _die_with_parent(parent: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before we had asked
        sys.exit(0)


def _token_secret(file: Path | None) -> str:
    if file is None:
        return secrets.token_urlsafe(24)
    try:
        secret = file.read_text().strip()
    except OSError as error:
        sys.exit(f"demo.fake: --token-secret-file {file}: {error.strerror}")
    if not secret:
        sys.exit(f"demo.fake: --token-secret-file {file} is empty: write the token's secret into it")
    return secret


async def _serve(args: argparse.Namespace) -> None:
    directory: Path = args.dir.resolve()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    (directory / "ready.json").unlink(missing_ok=True)  # one left by a killed process would mislead
    made = certs.make(directory, days=args.certificate_days)
    pve = LackingPve(
        port=args.port,
        token_secret=_token_secret(args.token_secret_file),
        datacentre_firewall=args.datacentre_firewall == "on",
        layout=LAYOUTS[args.layout],
    )
    seconds = {name: getattr(args, f"{name}_seconds") for name in ("clone", "start", "stop", "destroy")}
    control = Control(pve, key=secrets.token_urlsafe(24), seconds=seconds, time_scale=args.time_scale)
    try:
        await pve.start(str(made.certificate), str(made.key))
    except OSError as error:
        sys.exit(f"demo.fake: port {args.port} of 127.0.0.1: {error.strerror}. Take --port 0 for a free one.")
    controls = web.AppRunner(control.app(), access_log=None, shutdown_timeout=0.2)
    await controls.setup()
    await web.TCPSite(controls, "127.0.0.1", 0).start()
    ready = {
        "layout": args.layout,
        "url": pve.url,
        "urls": [listener.url for listener in pve.listeners],
        "ca_file": str(made.ca),
        "fingerprint": made.fingerprint,
        "token_id": pve.layout.token_id,
        "token_secret": pve.apitokens[pve.layout.token_id],
        "control_url": f"http://127.0.0.1:{controls.addresses[0][1]}/control",
        "control_key": control.key,
        "pid": os.getpid(),
    }
    certs.write_private(directory / "ready.json", json.dumps(ready, indent=1).encode())
    print(f"listening on {pve.url}", flush=True)
    await _until_told_to_stop()
    pve.faults.clear()
    await controls.cleanup()
    await pve.stop()
    (directory / "ready.json").unlink(missing_ok=True)


async def _until_told_to_stop() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


def main() -> None:
    parent = int(os.environ.get("SUPERVISOR_PID") or os.getppid())
    args = parser().parse_args()
    if args.die_with_parent:
        _die_with_parent(parent)
    asyncio.run(_serve(args))


if __name__ == "__main__":
    main()
