"""A desk whose meter is an Iskra WM3M4C on a pty of its own, in step with the desk's electrical model."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import tty
from pathlib import Path
from typing import Any

from evse_hil.rig import RigError
from wall import Wall

sys.path.append(str(Path(__file__).parent.parent / "drivers"))
from iskra_peer import Wm3m4c, verifies  # noqa: F401


class MeterOnPty:
    """Serves a Wm3m4c in a thread. Its time runs by what it was told."""

    def __init__(self) -> None:
        self.peer = Wm3m4c(signs_in=0.4)
        self.peer.exponent = 0
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._wall: Wall | None = None
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._serve, self._follow)]
        for thread in self._threads:
            thread.start()

    def follow(self, wall: Wall) -> None:
        """It measures what flows there."""
        self._wall = wall

    def close(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()
        os.close(self._slave)
        os.close(self._master)

    def _serve(self) -> None:
        while not self._ended.is_set():
            if select.select([self._master], [], [], 0.1)[0]:
                said = self.peer.heard(os.read(self._master, 1024))
                os.write(self._master, said)

    def _follow(self) -> None:
        while not self._ended.wait(0.1):
            if self._wall is not None:
                with contextlib.suppress(RigError):
                    outlet = self._wall.outlet()
                    self.peer.watts = round(sum(outlet["amps"]) * 230)
                    self.peer.centiamps = tuple(round(100 * amps) for amps in outlet["amps"])
                    self.peer.import_wh = 1_234_560 + int(outlet["energy_wh"])


class SignedWall(Wall):
    """Its meter counts in whole Wh."""

    def __init__(self, version: str, **presets: str) -> None:
        self.meter = MeterOnPty()
        bus, meter = "bus.rs485-1", "evse.1.meter"
        options = {
            f"{bus}.port": self.meter.port,
            f"{bus}.baudrate": "115200",
            f"{meter}.driver": "iskra-wm3m4c",
            f"{meter}.map": "",
            f"{meter}.unit": "33",
            f"{meter}.charge_point": "DE*ABC*E1",
        }
        super().__init__(version, *(w for k, v in options.items() for w in ("--option", f"{k}={v}")), **presets)
        self.meter.follow(self)

    def close(self) -> None:
        super().close()
        self.meter.close()

    def signed(self) -> list[tuple[str, str, str]]:
        """What the CSMS was told: context, record, public key ("" none)."""
        found = []
        for action in ("MeterValues", "StopTransaction", "TransactionEvent"):
            for payload in self.told(action):
                values = payload.get("meterValue", payload.get("transactionData", ()))
                found += [_record(sampled) for value in values for sampled in value["sampledValue"]]
        return [one for one in found if one is not None]

    def evsed(self, *arguments: str) -> str:
        """A command, on this station's config."""
        command = [sys.executable, "-m", "evsed", *arguments, "-c", str(self.folder / "evsed.toml")]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def ends(self, count: int) -> None:
        """Wait until the CSMS has so many records of an end."""
        self.until(f"{count} signed ends", lambda: sum(c == "Transaction.End" for c, _, _ in self.signed()) >= count)


def _record(sampled: dict[str, Any]) -> tuple[str, str, str] | None:
    if sampled.get("format") == "SignedData":
        if not sampled["value"].startswith("{"):
            return sampled["context"], sampled["value"], ""
        inner = json.loads(sampled["value"])
    else:
        inner = sampled.get("signedMeterValue")
    if inner is None:
        return None
    key = base64.b64decode(inner["publicKey"]).decode().removeprefix("oca:base16:asn1:")
    return sampled["context"], base64.b64decode(inner["signedMeterData"]).decode(), key
