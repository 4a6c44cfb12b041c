"""The checksum of Modbus over serial lines (V1.02, 6.2.2), bit by bit: of the peers, none of the drivers'."""

from __future__ import annotations


def crc(frame: bytes) -> bytes:
    """Of `frame`, low octet first."""
    value = 0xFFFF
    for octet in frame:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value.to_bytes(2, "little")
