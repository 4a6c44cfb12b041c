"""Getting in: TLS, password, what is refused and how it is told, loss and backoff."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
import subprocess
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from evsed.model.inputs import LinkDown, LinkUp
from evsed.ocpp.link.endpoint import backoff, lament

from tests.ocpp.link_rig import Csms, Rig, central, running


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ca.pem and a server's cert.pem and key.pem for localhost, signed by it."""
    folder = tmp_path_factory.mktemp("ca")
    commands = (
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=TestCA",
        "req -newkey rsa:2048 -nodes -keyout key.pem -out server.csr -subj /CN=localhost",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem -days 2 -extfile names",
    )
    (folder / "names").write_text("subjectAltName=DNS:localhost")
    for command in commands:
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    return folder


def server_tls(authority: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "cert.pem", authority / "key.pem")
    return context


def test_tls_with_our_ca_and_a_password_gets_in(tmp_path: Path, authority: Path) -> None:
    async def main() -> None:
        async with central(Csms(), ssl=server_tls(authority)) as csms:
            url = f"wss://localhost:{csms.port}/ocpp/"
            rig = Rig(tmp_path, url, ca=str(authority / "ca.pem"), password="0123456789abcdef")
            async with running(rig):
                await rig.until(lambda: rig.has(LinkUp))
            assert csms.headers[0].path == "/ocpp/CP%201"
            basic = base64.b64decode(csms.headers[0].headers["Authorization"].removeprefix("Basic "))
            assert basic == b"CP 1:0123456789abcdef"

    asyncio.run(main())


def told(tmp_path: Path, url: str, **settings: Any) -> str:
    """The one line that an attempt to connect to `url` leaves in the log."""

    async def main() -> str:
        rig = Rig(tmp_path, url, **settings)
        async with running(rig):
            await rig.until(lambda: rig.logs)
        assert not rig.inputs
        return rig.logs[0]

    return asyncio.run(main())


def told_by(tmp_path: Path, csms: Csms, protocols: list[str], how: dict[str, Any], **settings: Any) -> tuple[str, str]:
    """The same for a server of ours, with the address it had."""

    async def main() -> tuple[str, str]:
        async with central(csms, protocols, **how) as server:
            scheme, host = ("wss", "localhost") if "ssl" in how else ("ws", "127.0.0.1")
            url = f"{scheme}://{host}:{server.port}"
            rig = Rig(tmp_path, url, **settings)
            async with running(rig):
                await rig.until(lambda: rig.logs)
            return rig.logs[0], f"{url}/CP%201"

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (
            404,
            "the central system answers 404: it does not know this station or this path; check [ocpp] url and "
            "identity with its operator.",
        ),
        (
            401,
            "the central system answers 401: it wants a password or refuses this one; check [ocpp] identity and "
            "password with its operator.",
        ),
        (
            403,
            "the central system answers 403: it does not let this station in; check [ocpp] identity and password "
            "with its operator.",
        ),
        (500, "the central system answers 500: see what its log says of this station."),
    ],
)
def test_an_http_refusal_is_one_line(tmp_path: Path, status: int, text: str) -> None:
    def refuse(socket: Any, request: Any) -> Any:
        return socket.respond(HTTPStatus(status), "no")

    line, url = told_by(tmp_path, Csms(), ["ocpp1.6"], {"process_request": refuse})
    assert line == f"{url}: {text}"


def test_the_same_refusal_is_told_once_while_the_link_keeps_trying(tmp_path: Path) -> None:
    attempts = []

    def refuse(socket: Any, request: Any) -> Any:
        attempts.append(request)
        return socket.respond(HTTPStatus.NOT_FOUND, "no")

    async def main() -> None:
        async with central(Csms(), process_request=refuse) as csms:
            rig = Rig(tmp_path, csms.url)
            async with running(rig):
                await rig.until(lambda: len(attempts) == 3)
            assert len(rig.logs) == 1

    asyncio.run(main())


def test_a_central_system_that_chooses_no_version_is_told(tmp_path: Path) -> None:
    how = {"select_subprotocol": lambda socket, offered: None}
    line, url = told_by(tmp_path, Csms(), ["ocpp1.6"], how, versions=["2.0.1", "1.6"])
    assert line == (
        f"{url}: the central system speaks none of OCPP 2.0.1, 1.6; allow another one in [ocpp] versions, "
        f"or in the central system."
    )


def test_an_unknown_authority_is_told(tmp_path: Path, authority: Path) -> None:
    line, url = told_by(tmp_path, Csms(), ["ocpp1.6"], {"ssl": server_tls(authority)})
    assert line == (
        f"{url}: its certificate is not trusted (unable to get local issuer certificate; looked in the system's list "
        f"of authorities). Check the clock, the host name, and the file that [ocpp] ca names."
    )


def test_a_missing_ca_file_is_told(tmp_path: Path) -> None:
    assert told(tmp_path, "wss://127.0.0.1:9", ca="/no/such.pem") == (
        "wss://127.0.0.1:9/CP%201: [ocpp] ca = /no/such.pem cannot be read (No such file or directory); name a PEM "
        "file that evsed may read."
    )


def test_a_port_where_nobody_listens_is_told(tmp_path: Path) -> None:
    assert told(tmp_path, "ws://127.0.0.1:9") == (
        "ws://127.0.0.1:9/CP%201: nothing listens there; check the port in [ocpp] url, and whether the central "
        "system runs."
    )


def test_an_address_that_is_none_is_told(tmp_path: Path) -> None:
    assert told(tmp_path, "http://127.0.0.1:9") == (
        "http://127.0.0.1:9/CP%201: is no address of a websocket; [ocpp] url starts with ws:// or wss:// and names "
        "a host."
    )


@pytest.mark.parametrize(
    ("scheme", "text"),
    [
        (
            "ws",
            "what answers there is no websocket server (did not receive a valid HTTP response); check [ocpp] url.",
        ),
        ("wss", "no TLS connection (WRONG_VERSION_NUMBER); check that wss:// and the port are right."),
    ],
)
def test_a_server_that_speaks_something_else_is_told(tmp_path: Path, scheme: str, text: str) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await reader.read()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(babble, "127.0.0.1")
        url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            rig = Rig(tmp_path, url)
            async with running(rig):
                await rig.until(lambda: rig.logs)
        assert rig.logs[0] == f"{url}/CP%201: {text}"

    asyncio.run(main())


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            socket.gaierror(-2, "Name or service not known"),
            "the host name is not known (Name or service not known); check [ocpp] url, network and DNS.",
        ),
        (TimeoutError(), "no answer; check the network, a firewall, and the host and port in [ocpp] url."),
        (OSError(101, "Network is unreachable"), "no connection ([Errno 101] Network is unreachable)."),
        (EOFError(), "no connection (EOFError)."),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_what_else_keeps_a_connection_from_standing_is_told(error: BaseException, text: str) -> None:
    assert lament(error, "wss://csms.example/CP1", "", ("2.0.1",)) == f"wss://csms.example/CP1: {text}"


@pytest.mark.parametrize("code", [1000, 1001, 1011])
def test_a_close_by_the_central_system_is_a_loss_like_any_other(tmp_path: Path, code: int) -> None:
    async def main() -> None:
        async with central(Csms()) as csms:
            rig = Rig(tmp_path, csms.url)
            async with running(rig):
                await rig.until(lambda: rig.has(LinkUp))
                closed = monotonic()
                await csms.sockets[0].close(code, "maintenance")
                await rig.until(lambda: rig.inputs.count(LinkUp("1.6")) == 2)
                assert monotonic() - closed > 0.9
            assert LinkDown(f"the central system closed it ({code} maintenance)") in rig.inputs

    asyncio.run(main())


def test_a_connection_that_breaks_off_is_a_loss(tmp_path: Path) -> None:
    async def main() -> None:
        async with central(Csms()) as csms:
            rig = Rig(tmp_path, csms.url)
            async with running(rig):
                await rig.until(lambda: rig.has(LinkUp))
                csms.sockets[0].transport.abort()
                await rig.until(lambda: LinkDown("it broke off") in rig.inputs)
                assert rig.logs[-1] == f"{csms.url}/CP%201: the connection is gone: it broke off"

    asyncio.run(main())


async def black_hole(port: int, open_: Callable[[], bool]) -> asyncio.Server:
    """A proxy to `port` that swallows everything while `open_` says no, and never closes."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if open_():
                writer.write(data)
                await writer.drain()

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(carry(reader, back), carry(there, writer), return_exceptions=True)

    return await asyncio.start_server(proxy, "127.0.0.1", 0)


def test_a_black_hole_is_noticed_after_two_missed_pings(tmp_path: Path) -> None:
    async def main() -> None:
        passing = [True]
        async with central(Csms()) as csms:
            proxy = await black_hole(csms.port, lambda: passing[0])
            url = f"ws://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
            rig = Rig(tmp_path, url, variables={"WebSocketPingInterval": "0.3"})
            async with running(rig):
                await rig.until(lambda: rig.has(LinkUp))
                await asyncio.sleep(1.0)
                assert not rig.has(LinkDown)
                passing[0], since = False, monotonic()
                await rig.until(lambda: rig.has(LinkDown))
                assert 0.3 <= monotonic() - since <= 3.0  # two intervals from the first ping that nobody answers
                assert LinkDown("2 pings were not answered") in rig.inputs
                passing[0] = True
                await rig.until(lambda: rig.inputs.count(LinkUp("1.6")) == 2)
            proxy.close()

    asyncio.run(main())


def test_the_password_that_the_central_system_has_set_wins(tmp_path: Path) -> None:
    async def main() -> None:
        async with central(Csms()) as csms:
            rig = Rig(tmp_path, csms.url, password="from-the-file", variables={"BasicAuthPassword": "set-by-csms"})
            async with running(rig):
                await rig.until(lambda: rig.has(LinkUp))
            assert base64.b64decode(csms.headers[0].headers["Authorization"][6:]) == b"CP 1:set-by-csms"

    asyncio.run(main())


def test_without_a_central_system_nothing_is_tried(tmp_path: Path) -> None:
    async def main() -> None:
        rig = Rig(tmp_path, "")
        async with running(rig):
            await asyncio.sleep(0.1)
            assert rig.link.state()["url"] == ""
            assert not rig.logs

    asyncio.run(main())


def test_the_backoff_starts_at_3_to_10_s_doubles_and_ends_at_5_minutes() -> None:
    assert backoff(0, 3, 7, 5, 0.0) == 3
    assert backoff(0, 3, 7, 5, 0.999) < 10
    assert [backoff(n, 3, 0, 5, 0.5) for n in range(8)] == [3, 6, 12, 24, 48, 96, 96, 96]
    assert backoff(16, 10, 60, 16, 0.9) == 300
    assert backoff(0, 0, 0, 0, 0.0) == 1  # never a busy loop, whatever was configured
