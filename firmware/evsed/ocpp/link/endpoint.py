"""Where the central system is and how to get in: address, TLS, password, backoff, and what went wrong in words."""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import quote

from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI, NegotiationError

LONGEST_WAIT = 300.0  # s
ANSWERS = {
    401: "it wants a password or refuses this one; check [ocpp] identity and password with its operator",
    403: "it does not let this station in; check [ocpp] identity and password with its operator",
    404: "it does not know this station or this path; check [ocpp] url and identity with its operator",
}


class Settings(Protocol):
    """The table [ocpp] of the config file, as far as the link reads it."""

    @property
    def url(self) -> str: ...
    @property
    def identity(self) -> str: ...
    @property
    def versions(self) -> tuple[str, ...]: ...
    @property
    def password(self) -> str: ...
    @property
    def ca(self) -> str: ...


class Unwelcome(Exception):
    """The central system speaks none of the versions offered."""


def address(settings: Settings) -> str:
    """The websocket's address: OCPP-J puts the identity behind the central system's own path."""
    return f"{settings.url.rstrip('/')}/{quote(settings.identity, safe='')}"


def credentials(identity: str, password: str) -> dict[str, str]:
    """The header for HTTP Basic; none without a password. 1.6's password is bytes, kept as surrogate escapes."""
    if not password:
        return {}
    return {
        "Authorization": "Basic "
        + base64.b64encode(f"{identity}:{password}".encode("utf-8", "surrogateescape")).decode()
    }


def tls(url: str, ca: str) -> ssl.SSLContext | None:
    """For wss:// a context that trusts `ca`, or the system's authorities; raises OSError where `ca` cannot be read."""
    if not url.lower().startswith("wss:"):
        return None
    context = ssl.create_default_context(cafile=ca or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def backoff(attempt: int, minimum: float, random_range: float, doublings: int, chance: float) -> float:
    """Seconds before attempt `attempt` (0: the first after a loss); `chance` is random in [0, 1)."""
    wait = max(1.0, minimum) * 2 ** min(attempt, doublings) + random_range * chance
    return float(min(wait, LONGEST_WAIT))


def is_bad_request(error: BaseException) -> bool:
    """How many servers say that they know none of the subprotocols."""
    return isinstance(error, InvalidStatus) and error.response.status_code == 400


def lament(error: BaseException, url: str, ca: str, offered: Sequence[str]) -> str:
    """One line for the technician on why there is no connection."""
    match error:
        case InvalidStatus():
            status = error.response.status_code
            hint = ANSWERS.get(status, "see what its log says of this station")
            return f"{url}: the central system answers {status}: {hint}."
        case Unwelcome() | NegotiationError():
            return (
                f"{url}: the central system speaks none of OCPP {', '.join(offered)}; allow another one "
                f"in [ocpp] versions, or in the central system."
            )
        case ssl.SSLCertVerificationError():
            trusted = ca or "the system's list of authorities"
            return (
                f"{url}: its certificate is not trusted ({error.verify_message}; looked in {trusted}). Check the "
                f"clock, the host name, and the file that [ocpp] ca names."
            )
        case ssl.SSLError():
            return f"{url}: no TLS connection ({error.reason or error}); check that wss:// and the port are right."
        case FileNotFoundError() | PermissionError() | IsADirectoryError():
            return f"{url}: [ocpp] ca = {ca} cannot be read ({error.strerror}); name a PEM file that evsed may read."
        case socket.gaierror():
            return f"{url}: the host name is not known ({error.strerror}); check [ocpp] url, network and DNS."
        case ConnectionRefusedError():
            return f"{url}: nothing listens there; check the port in [ocpp] url, and whether the central system runs."
        case TimeoutError():
            return f"{url}: no answer; check the network, a firewall, and the host and port in [ocpp] url."
        case InvalidURI():
            return f"{url}: is no address of a websocket; [ocpp] url starts with ws:// or wss:// and names a host."
        case InvalidHandshake():
            return f"{url}: what answers there is no websocket server ({error}); check [ocpp] url."
        case _:
            return f"{url}: no connection ({str(error) or type(error).__name__})."
