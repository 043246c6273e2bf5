"""INC-06: files are asked about at a real ClamAV daemon, with a signature of the tests' own for EICAR's
harmless test file; and at peers that answer as a daemon in trouble does. Without a verdict nothing is let
through."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cpoms_core.deployment import BadDeployment, Deployment
from cpoms_core.documents import scanning
from cpoms_core.documents.scanning import CHUNK, Infected, ScannerAway, scan
from cpoms_core.testing.scanner import EICAR, clamd

LARGEST = 2 * 1024 * 1024


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with clamd(tmp_path_factory.mktemp("clamd"), largest=LARGEST) as address:
        yield address


def test_a_clean_file_passes(daemon: str) -> None:
    """INC-06: of no, one and several pieces; its stream is at the start again."""
    for size in (0, 1, CHUNK, 3 * CHUNK + 1):
        stream = io.BytesIO(os.urandom(size))
        stream.seek(0, 2)
        scan(daemon, stream)
        assert stream.tell() == 0


def test_an_infected_file_is_known(daemon: str) -> None:
    """INC-06: with the name that the scanner gives it."""
    assert hashlib.sha256(EICAR).hexdigest().startswith("275a021bbfb6489e")
    with pytest.raises(Infected, match="Eicar"):
        scan(daemon, io.BytesIO(EICAR))


def test_a_file_that_the_scanner_will_not_look_at_is_not_let_through(daemon: str) -> None:
    """INC-06, hostile input 11: larger than the daemon was told to take; it says so and hangs up."""
    with pytest.raises(ScannerAway, match="size limit"):
        scan(daemon, io.BytesIO(bytes(8 * LARGEST)))


def test_over_the_network_it_is_the_same(tmp_path: Path) -> None:
    """docs/operating.md: `host:port`. A file that it takes and is too large to look into is not let through,
    and not called infected either: AlertExceedsMax."""
    with clamd(tmp_path, looks_into=2048, network=True) as address:
        assert not address.startswith("unix:")
        scan(address, io.BytesIO(b"clean"))
        with pytest.raises(Infected):
            scan(address, io.BytesIO(EICAR))
        with pytest.raises(ScannerAway, match=r"Limits\.Exceeded"):
            scan(address, io.BytesIO(bytes(4096)))


@pytest.mark.parametrize("address", ["unix:/no/such/socket", "127.0.0.1:9"])
def test_where_nobody_listens(address: str) -> None:
    """Hostile input 11: refused at once, not let through."""
    with pytest.raises(ScannerAway):
        scan(address, io.BytesIO(b"x"))


class Peer:
    """Takes one connection and answers as it is told; `heard` is every byte that came."""

    def __init__(self, answer: Callable[[socket.socket], None]) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        self._answer = answer
        self.heard = b""
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        taken, _ = self._server.accept()
        with taken:
            self._answer(taken)

    def end(self) -> None:
        self._thread.join(5)
        self._server.close()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "no answer"),
        (b"stream: OK ish\0", "OK ish"),
        (b"UNKNOWN COMMAND\0", "UNKNOWN"),
        (b"stream: Can't allocate memory ERROR\0", "allocate"),
        (b"OK\0", "OK"),
        (b"x" * 10_000, "xxx"),
    ],
)
def test_any_other_answer_is_none(answer: bytes, said: str) -> None:
    """INC-06: only the one sentence for a clean file is one."""

    def serve(taken: socket.socket) -> None:
        while not taken.recv(65536).endswith(bytes(4)):
            pass
        taken.sendall(answer)

    peer = Peer(serve)
    with pytest.raises(ScannerAway, match=said):
        scan(peer.address, io.BytesIO(b"x"))
    peer.end()


def test_what_is_sent_is_the_protocol() -> None:
    """clamd(8), INSTREAM: byte by byte."""
    heard = b""

    def serve(taken: socket.socket) -> None:
        nonlocal heard
        while not heard.endswith(bytes(4)):
            heard += taken.recv(65536)
        taken.sendall(b"stream: OK\0")

    peer = Peer(serve)
    content = b"a" * CHUNK + b"b"
    scan(peer.address, io.BytesIO(content))
    peer.end()
    first = struct.pack(">L", CHUNK) + b"a" * CHUNK
    assert heard == b"zINSTREAM\0" + first + struct.pack(">L", 1) + b"b" + bytes(4)


def test_a_slow_scanner_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hostile input 11: one that takes everything and says nothing is not waited for without end."""
    monkeypatch.setattr(scanning, "SILENCE", 0.3)
    release = threading.Event()
    peer = Peer(lambda _taken: release.wait(60) and None)
    began = time.monotonic()
    with pytest.raises(ScannerAway):
        scan(peer.address, io.BytesIO(b"x"))
    assert time.monotonic() - began < 30
    release.set()
    peer.end()


@pytest.mark.parametrize("address", ["clamd", "/run/clamd.sock", "unix:", "http://x:1/", "host:port"])
def test_an_address_that_is_none_stops_the_start(tmp_path: Path, address: str) -> None:
    """INC-06: a slip in the configuration must not leave files unscanned."""
    with pytest.raises(BadDeployment, match="clamav"):
        Deployment(tmp_path, clamav=address)


def test_addresses(tmp_path: Path) -> None:
    for address in ("unix:/run/clamav/clamd.ctl", "localhost:3310", "[::1]:3310"):
        assert Deployment(tmp_path, clamav=address).clamav == address
