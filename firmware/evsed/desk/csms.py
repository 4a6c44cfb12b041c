"""The desk CSMS as a process: `python -m evsed.desk.csms --dir DIR`; driven over DIR/csms.sock (see README.md)."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import ssl
import sys
from pathlib import Path

from websockets.asyncio.server import Server, serve
from websockets.typing import Subprotocol

from . import control
from .central import CentralSystem
from .parent import die_with_parent

VERBS = ("call", "raw", "ledger", "state", "frames", "watch", "behave", "tokens", "link", "blackhole", "interval")


class Door:
    """The listening side: open, shut or a black hole. The port stays the same over all of it."""

    def __init__(self, central: CentralSystem, port: int, tls: ssl.SSLContext | None) -> None:
        self.central = central
        self.port = port
        self.tls = tls
        self.server: Server | None = None

    async def open(self) -> None:
        """Listen, on the loopback only."""
        if self.server is not None:
            return
        self.server = await serve(
            self.central.serve_station,
            "127.0.0.1",
            self.port,
            ssl=self.tls,
            subprotocols=[Subprotocol(f"ocpp{version}") for version in self.central.offer],
            process_request=self.central.admit,
            open_timeout=None,  # a handshake in the black hole waits as long as the hole is there
            ping_interval=None,
            close_timeout=1,
            compression=None,
            server_header=None,
        )
        self.port = next(iter(self.server.sockets)).getsockname()[1]

    async def shut(self) -> None:
        """Refuse new connections and break those that stand, without a close frame."""
        if self.server is None:
            return
        self.server.close(close_connections=False)
        for station in self.central.stations.values():
            if station.connection is not None:
                station.connection.transport.abort()
        self.server = None

    def blackhole(self, on: bool) -> None:
        """Let TCP stand while nothing comes through in either direction, pings included."""
        if on:
            self.central.clear.clear()
        else:
            self.central.clear.set()
        for station in self.central.stations.values():
            if station.connection is not None:
                transport = station.connection.transport
                with contextlib.suppress(RuntimeError):  # it is paused or closed already
                    if on:
                        transport.pause_reading()
                    else:
                        transport.resume_reading()


class Desk:
    """What csms.sock answers."""

    def __init__(self, central: CentralSystem, door: Door) -> None:
        self.central = central
        self.door = door

    async def handle(self, message: control.Message) -> control.Answer:
        """One control message."""
        central, verb = self.central, control.choose(message, "do", VERBS)
        match verb:
            case "call":
                return await central.call(message)
            case "raw":
                return await central.raw(message)
            case "ledger":
                return central.book()
            case "state":
                return central.state() | {"port": self.door.port, "up": self.door.server is not None}
            case "frames":
                return {"frames": central.tape.after(int(message.get("since", 0)))}
            case "watch":
                return central.tape.watch(int(message.get("since", 0)))
            case "behave":
                return central.behaviour.set(message)
            case "tokens":
                central.tokens.blocked = set(message.get("blocked", central.tokens.blocked))
                central.tokens.groups = dict(message.get("groups", central.tokens.groups))
            case "interval":
                central.interval = int(message["seconds"])
            case "link":
                await (self.door.open() if message["up"] else self.door.shut())
            case "blackhole":
                self.door.blackhole(bool(message["on"]))
        return {}


async def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    tls = None
    if options.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*options.tls)
    central = CentralSystem(tuple(options.offer.split(",")), options.password, options.interval, options.trust)
    central.tokens.blocked.update(options.block)
    central.tokens.groups.update(pair.split("=", 1) for pair in options.group)
    door = Door(central, options.port, tls)
    options.dir.mkdir(parents=True, exist_ok=True)
    path = control.socket_path(options.dir, "csms.sock")
    await door.open()
    server = await control.serve(path, Desk(central, door).handle)
    url = f"{'wss' if tls else 'ws'}://127.0.0.1:{door.port}/ocpp"
    print(json.dumps({"ready": True, "port": door.port, "url": url, "control": str(path)}), flush=True)
    await stop.wait()
    server.close()
    await door.shut()
    path.unlink(missing_ok=True)
    return 0


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m evsed.desk.csms", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="folder of csms.sock")
    parser.add_argument("--port", type=int, default=0, help="0: any free one, told in the first line of output")
    parser.add_argument("--offer", default="2.0.1,1.6", help="versions, the preferred one first")
    parser.add_argument("--password", default="", help="ask for HTTP Basic with this password")
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"), help="PEM files: serve wss")
    parser.add_argument("--interval", type=int, default=300, help="heartbeat interval it gives, s")
    parser.add_argument("--block", action="append", default=[], metavar="UID", help="a token that is refused")
    parser.add_argument("--group", action="append", default=[], metavar="UID=GROUP", help="the group of a token")
    parser.add_argument("--trust", action="store_true", help="do not check schemas: to measure speed")
    options = parser.parse_args(argv)
    for version in options.offer.split(","):
        if version not in ("1.6", "2.0.1"):
            parser.error(f"--offer {options.offer}: {version!r} is not spoken here; allowed are 1.6 and 2.0.1.")
    try:
        return asyncio.run(run(options))
    except (OSError, control.Refused) as error:
        print(f"desk csms: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    die_with_parent()
    sys.exit(main())
