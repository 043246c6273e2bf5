"""A real ClamAV daemon for tests, which knows one signature: that of EICAR's harmless test file."""

from __future__ import annotations

import hashlib
import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cpoms_core.documents.scanning import ScannerAway, scan
from cpoms_core.testing.programs import program, running

EICAR = b"".join((b"X5O!P%@AP[4\\PZX54(P^)7CC)7}", b"$EICAR-STANDARD-ANTIVIRUS-", b"TEST-FILE!$H+H*"))
"""In parts, or a virus scanner would take this file away."""


@contextmanager
def clamd(
    folder: Path, *, largest: int = 100 * 1024 * 1024, looks_into: int = 0, network: bool = False
) -> Iterator[str]:
    """The address of a daemon, as long as the block runs. largest: bytes of a file that it takes; looks_into:
    bytes of the largest that it scans, if that is less."""
    (folder / "db").mkdir()
    signature = f"{hashlib.md5(EICAR).hexdigest()}:{len(EICAR)}:Eicar-Test-Signature\n"  # noqa: S324
    (folder / "db" / "eicar.hdb").write_text(signature)
    if network:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        listens, address = f"TCPSocket {port}\nTCPAddr 127.0.0.1\n", f"127.0.0.1:{port}"
    else:
        listens, address = f"LocalSocket {folder}/clamd.sock\n", f"unix:{folder}/clamd.sock"
    config = folder / "clamd.conf"
    config.write_text(
        f"DatabaseDirectory {folder}/db\nForeground yes\nStreamMaxLength {largest}\n"
        f"MaxFileSize {looks_into or largest}\nAlertExceedsMax yes\n"
        f"TemporaryDirectory {folder}\n{listens}"
    )
    command = [program("clamd", "clamav-daemon"), f"--config-file={config}"]
    with running(command, folder / "clamd.log", lambda: _answers(address)):
        yield address


def _answers(address: str) -> bool:
    try:
        scan(address, io.BytesIO(b"clean"))
    except ScannerAway:
        return False
    return True
