"""Puts a request to pymodbus' client, and takes from its answer what was asked for."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from pymodbus.client.base import ModbusBaseClient

from .modbus import Block, Request

# Modbus Application Protocol V1.1b3, section 7
REFUSALS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledged, not done yet",
    8: "memory parity error",
}
# What is no answer yet, or not the unit's own: it is asked again.
LATER = {
    6: "it says that it is busy",
    10: "the gateway says that it knows no way to it",
    11: "the gateway says that it does not answer",
}

# function: the client's method
READS = {1: "read_coils", 2: "read_discrete_inputs", 3: "read_holding_registers", 4: "read_input_registers"}


class NoAnswer(Exception):
    """The text says what came instead, "" when nothing did."""


def send(client: ModbusBaseClient, unit: int, request: Request) -> Awaitable[Any]:
    if isinstance(request, Block):
        read = getattr(client, READS[request.function])
        return read(request.address, count=request.count, device_id=unit)  # type: ignore[no-any-return]
    if request.function == 5:
        return client.write_coil(request.address, bool(request.words[0]), device_id=unit)
    if request.function == 6:
        return client.write_register(request.address, request.words[0], device_id=unit)
    return client.write_registers(request.address, list(request.words), device_id=unit)


def words(request: Request, answer: Any) -> list[int]:
    """What was read, or nothing once it is sure that all was written. NoAnswer: it answers another request."""
    if isinstance(request, Block):
        if request.function in (1, 2):
            found, padded = [int(bit) for bit in answer.bits], (request.count + 7) // 8 * 8
        else:
            found, padded = list(answer.registers), request.count
        if len(found) != padded:
            raise NoAnswer(f"{len(found)} values came where {request.count} were asked for")
        return found[: request.count]
    several = request.function == 16
    told = answer.count if several else int((answer.bits or answer.registers)[0])
    meant = len(request.words) if several else request.words[0]
    if (answer.address, told) != (request.address, meant):
        raise NoAnswer(f"it confirms {told} at 0x{answer.address:04X} where {meant} went to 0x{request.address:04X}")
    return []


def unheard(code: int) -> str:
    """Why an exception is no answer; "" where it is one."""
    return f"{LATER[code]} (exception {code})" if code in LATER else ""


def refusal(request: Request, code: int) -> str:
    """What the device said when it would not."""
    count = request.count if isinstance(request, Block) else len(request.words)
    what = "bits" if request.function in (1, 2, 5) else "registers"
    last = request.address + count - 1
    return (
        f"refuses {what} 0x{request.address:04X} to 0x{last:04X} (function {request.function}): exception {code}, "
        f"{REFUSALS.get(code, 'unknown')}. See whether the map or driver is the one of this device's model and version."
    )
