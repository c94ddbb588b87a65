"""`bin/demo`: the whole product against a demo Proxmox, on loopback only.

Decides: the processes, their order, and when the demo ends. Not: what is played (scenario.py) or compared (verify.py).
"""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import socket
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from demo.handle import FakeHandle
from demo.pod_a_minute import PodAMinute
from demo.screen import Screen
from demo.supervisor import AlreadyRunning, Program, Supervisor, hold_pid_file
from demo.world import (
    CLUSTER_FILES,
    CannotDemonstrate,
    cluster_variables,
    commands_file,
    data_dir,
    fill,
    fresh_database,
)
from migracloud.database import DatabaseError, ensure_started

if TYPE_CHECKING:
    from demo.seed import Credentials

HOST, PORT = "127.0.0.1", 8000
BACKLOG = 128
READY_PATIENCE = 20.0
DATABASE_LOOK = 2.0  # seconds between two looks at whether PostgreSQL is still there


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/demo", description="Play MigraCloud's demo against a stand-in for Proxmox, on this machine only."
    )
    parser.add_argument(
        "--once", action="store_true", help="end when the scenario is over; status 0 only if all of it was true"
    )
    parser.add_argument(
        "--quiet", action="store_true", help="make no pod a minute while the site is up: what is there stays as it is"
    )
    parser.add_argument("--port", type=_port, help=f"the site's port (default: {PORT}, or another when that is in use)")
    return parser.parse_args(arguments)


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: take one from 1 to 65535")
    return int(text)


def listen(port: int | None, screen: Screen) -> socket.socket:
    """The site's socket. It stays open here while the web server is started again: requests wait, none is refused."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port or PORT))
    except OSError as error:
        if port is not None:
            raise CannotDemonstrate(
                f"Port {port} of {HOST}: {error.strerror}. Choose another --port, or leave it out and one is found."
            ) from error
        listener.bind((HOST, 0))
        screen.say(f"Port {PORT} is in use; the site takes {listener.getsockname()[1]} instead.")
    listener.listen(BACKLOG)
    return listener


class Demo:
    """One run. The main thread starts and watches processes; the scenario is played in a thread beside it."""

    def __init__(self, folder: Path, listener: socket.socket, screen: Screen, *, once: bool, quiet: bool) -> None:
        self.folder, self.listener, self.screen = folder, listener, screen
        self.once, self.quiet = once, quiet
        self.run_folder = folder / "run"
        self.supervisor = Supervisor(self.run_folder, lambda text: screen.say(text, "yellow"))
        self.site = "http://{}:{}".format(*listener.getsockname())
        self.stop = threading.Event()  # somebody wants it to end, or the scenario is over and it is to end by itself
        self.scenario: threading.Thread | None = None
        self.commands = ""  # how manage.py is used on this demo
        self.began = time.monotonic()
        self.status = 1

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            pves = {name: self._start_pve(name) for name in CLUSTER_FILES}
            fresh_database(self.folder)
            clusters = cluster_variables({name: pve.ready for name, pve in pves.items()})
            os.environ.update(clusters)
            self.commands = commands_file(self.run_folder, clusters)
            os.environ["METRICS_TOKEN"] = secrets.token_urlsafe(24)
            credentials = fill(self.run_folder / "setup.log")
            self._start_product()
            self.scenario = threading.Thread(target=self._play, args=(pves, credentials), name="scenario")
            self.scenario.start()
            self._watch()
        finally:
            self.stop.set()
            self.screen.say("Stopping all processes.")
            self.supervisor.stop()
            self.listener.close()  # a request that the scenario may still have waiting there ends with it
            if self.scenario is not None:
                self.scenario.join()
        return self.status

    def _on_signal(self, number: int, _frame: object) -> None:
        for later in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(later, signal.SIG_IGN)  # breaking into set(), a second one would wait for its lock for ever
        self.stop.set()

    # The processes

    def _start_pve(self, cluster: str) -> FakeHandle:
        """The stand-in for one Proxmox cluster. Its world is in its memory, so its end is the end of the demo."""
        folder, program = self.run_folder / cluster, f"proxmox-{cluster}"
        (folder / "ready.json").unlink(missing_ok=True)
        command = [sys.executable, "-m", "demo.fake", "--layout", cluster, "--dir", str(folder), "--die-with-parent"]
        self.supervisor.start(Program(program, command, again=False))
        deadline = time.monotonic() + READY_PATIENCE
        while not (folder / "ready.json").exists():
            if self.stop.is_set() or self.supervisor.look() or time.monotonic() > deadline:
                raise CannotDemonstrate(f"The demo Proxmox did not start: see {self.supervisor.log_of(program)}")
            time.sleep(0.02)
        pve = FakeHandle.attach(folder)
        nodes = " and ".join(pve.layout.nodes)
        self.screen.say(f"A demo Proxmox, cluster {cluster} with nodes {nodes}, answers at {' and '.join(pve.urls)}.")
        return pve

    def _start_product(self) -> None:
        python, fd = sys.executable, self.listener.fileno()
        web = [python, "-m", "gunicorn", "-c", "python:migracloud.gunicorn_conf", "--bind", f"fd://{fd}"]
        self.supervisor.start(Program("web", [*web, "migracloud.wsgi"], pass_fds=(fd,)))
        self.supervisor.start(Program("worker", [python, "manage.py", "worker"], patience=5.0))
        self.supervisor.start(Program("controller", [python, "manage.py", "controller"]))
        self.screen.say(f"Site, worker and controller are started; their logs are in {self.run_folder}.")

    def _watch(self) -> None:
        """Until the demo is to end: start again what dies, PostgreSQL too."""
        looked = time.monotonic()
        while not self.stop.wait(0.1):
            if self.supervisor.look():
                self.status = 1
                return self.stop.set()
            if time.monotonic() - looked > DATABASE_LOOK:
                ensure_started(self.folder)
                looked = time.monotonic()
        return None

    # The play

    def _play(self, pves: dict[str, FakeHandle], credentials: Credentials) -> None:
        from demo.scenario import Interrupted

        try:
            self.status = self._play_and_judge(pves, credentials)
        except Exception as error:
            if isinstance(error, Interrupted) or self.stop.is_set():
                return self.screen.say("The demo was ended before its scenario was over.")
            with (self.run_folder / "scenario.log").open("w") as log:
                traceback.print_exc(file=log)
            self.screen.say(f"The scenario broke off: {type(error).__name__}: {error}", "red")
            self.screen.say(f"All of it is in {self.run_folder / 'scenario.log'}.")
        else:
            if not self.once:
                return self._stay_up(credentials)
        if self.once:
            self.stop.set()
        return None

    def _play_and_judge(self, pves: dict[str, FakeHandle], credentials: Credentials) -> int:
        from demo.check_metrics import ask_and_compare
        from demo.mpanel import MPanel
        from demo.nothing_else import nothing_else
        from demo.scenario import Scenario
        from demo.verify import verify

        scenario = Scenario(MPanel(self.site, credentials.token), pves, self.screen, self.stop)
        story = scenario.play()
        findings = verify(story, pves)
        self.screen.pods(story.orders)
        more = nothing_else(scenario.leave_behind(f"{self.site}/admin/"), story, pves)
        findings.untrue += more
        findings.facts.append(("Beside what was left behind", "not all is well" if more else "all is well"))
        metrics = os.environ["METRICS_TOKEN"]
        findings.untrue += (told := ask_and_compare(self.site, metrics))
        findings.facts.append(("Metrics", "differ from the database" if told else "agree with the database"))
        self.screen.facts("Checked", findings.facts)
        self._show_addresses(story.orders[0].tenant, credentials)
        untrue = story.untrue + findings.untrue
        took = time.monotonic() - self.began
        if untrue:
            self.screen.say(f"Not all of it was true ({took:.0f} s):", "red")
            for sentence in untrue:
                self.screen.say(f"  {sentence}", "red")
            return 1
        self.screen.say(f"All of it was true: database and data plane agree ({took:.0f} s).", "green")
        return 0

    def _stay_up(self, credentials: Credentials) -> None:
        """Until it is to end, this thread is mPanel's, unless the demo is to be quiet."""
        from demo.mpanel import MPanel
        from demo.scenario import BUSY_TENANT

        self.screen.say("The site stays up until Ctrl-C or bin/stop.")
        if not self.quiet:
            self.screen.say(
                f"mPanel goes on meanwhile: a pod a minute for {BUSY_TENANT}, which it has purged half a minute later "
                "(--quiet: none)."
            )
            PodAMinute(MPanel(self.site, credentials.token), BUSY_TENANT, self.screen.say, self.stop.wait).go_on()

    def _show_addresses(self, tenant: str, credentials: Credentials) -> None:
        from demo.seed import let_in

        rows = [
            ("Admin", f"{self.site}/admin/"),
            ("  user, password", f"{credentials.admin}, {credentials.password}"),
            (f"Portal of {tenant}", f"{self.site}/portal/"),
            ("  user, password", ", ".join(let_in(tenant))),
            ("API", f"{self.site}/api/v1/docs"),
            ("  header", f"Authorization: Bearer {credentials.token}"),
            ("Metrics", f"{self.site}/metrics"),
            ("  header", f"Authorization: Bearer {os.environ['METRICS_TOKEN']}"),
        ]
        self.screen.facts("Look around", rows)
        self.screen.say(f"Commands on this demo's database: {self.commands}")


def main(arguments: list[str]) -> int:
    args = parse(arguments)
    screen = Screen()
    try:
        folder = data_dir()
        give_up = hold_pid_file(folder / "run" / "supervisor.pid", "A demo")
    except AlreadyRunning as running:
        screen.say(f"demo: {running} Stop it with bin/stop.")
        return 1
    except CannotDemonstrate as reason:
        screen.say(f"demo: {reason}")
        return 1
    try:
        with listen(args.port, screen) as listener:
            return Demo(folder, listener, screen, once=args.once, quiet=args.quiet).run()
    except (CannotDemonstrate, DatabaseError) as reason:
        screen.say(f"demo: {reason}")
        return 1
    finally:
        give_up()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
