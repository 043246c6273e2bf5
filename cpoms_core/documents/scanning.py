"""Asking a ClamAV daemon about a file before it is kept, where the deployment names one. Its protocol is that
of clamd(8), INSTREAM: lengths of four bytes, each with as many bytes after it, and a length of nothing."""

from __future__ import annotations

import re
import socket
import struct
import time
from contextlib import suppress
from typing import BinaryIO

CHUNK = 256 * 1024  # bytes
CONNECT = 5.0  # seconds
SILENCE = 20.0  # seconds without the scanner taking or giving a byte
ALTOGETHER = 120.0  # seconds for one file
ANSWER = 4096  # bytes of an answer that are read
FOUND = re.compile(r"stream: (.+) FOUND")
TOO_MUCH = "Heuristics.Limits.Exceeded"
"""What clamd.conf(5)'s AlertExceedsMax says of a file that it did not look at in whole."""


class Infected(ValueError):
    """The scanner knows the file for what it is."""


class ScannerAway(OSError):
    """The scanner does not answer, not in time, or says that it cannot look at this file."""


def scan(address: str, stream: BinaryIO) -> None:
    """Sends a file to the scanner at `unix:/path` or `host:port` and reads its verdict; the stream is at its
    start again afterwards. Raises Infected and ScannerAway: without a verdict, nothing is let through."""
    stream.seek(0)
    ends = time.monotonic() + ALTOGETHER
    try:
        with _connected(address) as peer:
            with suppress(BrokenPipeError, ConnectionResetError):  # it answers first when it has enough
                peer.sendall(b"zINSTREAM\0")
                while chunk := stream.read(CHUNK):
                    peer.sendall(struct.pack(">L", len(chunk)) + chunk)
                    if time.monotonic() > ends:
                        raise ScannerAway("too slow")
                peer.sendall(struct.pack(">L", 0))
            answer = _answer(peer, ends)
    except ScannerAway:
        raise
    except OSError as error:  # a time-out is one
        raise ScannerAway(type(error).__name__) from error
    finally:
        stream.seek(0)
    found = FOUND.fullmatch(answer)
    if found and not found[1].startswith(TOO_MUCH):
        raise Infected(found[1])
    if answer != "stream: OK":
        raise ScannerAway(answer[:100] or "no answer")


def _connected(address: str) -> socket.socket:
    if address.startswith("unix:"):
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        peer.settimeout(CONNECT)
        try:
            peer.connect(address.removeprefix("unix:"))
        except BaseException:
            peer.close()
            raise
    else:
        host, _, port = address.rpartition(":")
        peer = socket.create_connection((host.strip("[]"), int(port)), CONNECT)
    peer.settimeout(SILENCE)
    return peer


def _answer(peer: socket.socket, ends: float) -> str:
    """The scanner's answer, which ends with a NUL, as the question did."""
    answer = b""
    while b"\0" not in answer and len(answer) < ANSWER:
        chunk = peer.recv(ANSWER)
        if not chunk:
            break
        answer += chunk
        if time.monotonic() > ends:
            raise ScannerAway("too slow")
    return answer.partition(b"\0")[0].decode("utf-8", "replace").strip()
