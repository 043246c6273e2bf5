"""ACC-10, USR-03: a browser in words."""

from __future__ import annotations

import pytest

from cpoms_core.access.browsers import browser_in_words

LIKE = "AppleWebKit/537.36 (KHTML, like Gecko)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
CHROME_OS = "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)"
ANDROID = "Mozilla/5.0 (Linux; Android 14; SM-S911B)"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (f"{WINDOWS} Gecko/20100101 Firefox/128.0", "Firefox on Windows"),
        (f"{WINDOWS} {LIKE} Chrome/126.0 Safari/537.36", "Chrome on Windows"),
        (f"{WINDOWS} {LIKE} Chrome/126.0 Safari/537.36 Edg/126.0", "Edge on Windows"),
        (f"{CHROME_OS} {LIKE} Chrome/126.0 Safari/537.36", "Chrome on Chrome OS"),
        (f"{MAC} {LIKE} Version/17.5 Safari/605.1.15", "Safari on macOS"),
        (f"{PHONE} {LIKE} Version/17.5 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        (f"{PHONE} {LIKE} CriOS/126.0 Mobile/15E148 Safari/604.1", "Chrome on iPhone"),
        (f"{ANDROID} {LIKE} SamsungBrowser/25.0 Chrome/121.0 Safari/537.36", "Samsung Internet on Android"),
        ("Mozilla/5.0 (something else) Firefox/1.0", "Firefox"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("a   tool\nthat says much " + "x" * 200, ("a tool that says much " + "x" * 200)[:80]),
        ("Mozilla/5.0 (X11)", "Mozilla/5.0 (X11)"),
        ("", "unknown browser"),
        ("  ", "unknown browser"),
    ],
)
def test_a_browser_is_named_with_its_system(said: str, words: str) -> None:
    assert browser_in_words(said) == words
