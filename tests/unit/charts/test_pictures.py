"""Pictures of charts, drawn beside the server in a bounded way (STU-02)."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.request import urlopen
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from cpoms_core.charts import pictures
from cpoms_core.charts.pictures import NoPicture, picture
from cpoms_core.charts.specs import Bar, Slice, bars, pie, titled
from cpoms_core.printing.pdf import PASSED_ON

PIE = pie("Incidents by category", [Slice("Large", 99, "#222222")], counted="Incidents")
BARS = bars("Incidents over time", [Bar("Jul 2026", 2)], counted="Incidents", along="Month")


def test_both_kinds_are_drawn_with_their_words() -> None:
    """STU-02: PNG and SVG from the same specification as the page's."""
    assert Image.open(io.BytesIO(picture(BARS, "png"))).size[0] > 1000
    drawn = ET.fromstring(picture(titled(PIE, "Incidents by category", "Aoife O'Connor"), "svg"))
    texts = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert "Incidents by category" in texts and "Aoife O'Connor" in texts
    assert any("Large: 99" in (text or "") for text in texts)


def test_nothing_is_loaded_from_anywhere() -> None:
    """STU-02: not even by a specification that would, which ours do not."""
    asked: list[str] = []

    class Peer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(PIE["data"]["values"]).encode())

    with HTTPServer(("127.0.0.1", 0), Peer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/data.json"
        assert urlopen(address).status == 200
        with pytest.raises(NoPicture):
            picture({**PIE, "data": {"url": address}}, "svg")
        server.shutdown()
    assert asked == ["/data.json"], "the test's own"


def test_the_drawing_gets_no_secret_and_not_all_of_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """STU-02: as little of the server as the process that prints: neither its environment nor its folder."""
    given: dict[str, Any] = {}

    def noting(command: list[str], **options: Any) -> Any:
        given.update(options, command=command)
        return subprocess.CompletedProcess([], 0, b"picture", b"")

    monkeypatch.setenv("CPOMS_DATABASE_URL", "postgresql://u:secret@host/db")
    with monkeypatch.context() as patched:
        patched.setattr(pictures.subprocess, "run", noting)
        assert picture(PIE, "png") == b"picture"
    assert set(given["env"]) <= set(PASSED_ON) and given["cwd"] == "/"
    assert given["command"][1] == "-I"
    greedy = "from cpoms_core.charts import drawing as d; d.bound(); bytearray(d.MOST_MEMORY)"
    ended = subprocess.run([sys.executable, "-I", "-c", greedy], capture_output=True, check=False)
    assert ended.stderr.endswith(b"MemoryError\n")


def test_a_picture_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """STU-02: and the turn is free again."""

    def hangs(*_: Any, timeout: float, **__: Any) -> Any:
        raise subprocess.TimeoutExpired("drawing", timeout)

    monkeypatch.setattr(pictures.subprocess, "run", hangs)
    for _ in range(2 * pictures.AT_ONCE):
        with pytest.raises(NoPicture, match="too long"):
            picture(PIE, "png")


def test_only_so_many_are_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """STU-02: the others wait for their turn, and no longer than that."""
    now, most = 0, 0
    lock = threading.Lock()

    def slow(*_: Any, **__: Any) -> Any:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.05)
        with lock:
            now -= 1
        return subprocess.CompletedProcess([], 0, b"picture", b"")

    monkeypatch.setattr(pictures.subprocess, "run", slow)
    threads = [threading.Thread(target=picture, args=(PIE, "png")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == pictures.AT_ONCE
