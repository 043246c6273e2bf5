"""A browser in words, from what it says of itself. What it says may be anything, and is never trusted: it is
shown to people who compare it with what they use themselves."""

from __future__ import annotations

LONGEST = 80
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Firefox/", "Firefox"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
)
"""Part of what a browser says -> its name. The first that fits counts: most claim to be others, too."""
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "Chrome OS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


def browser_in_words(said: str) -> str:
    """`Firefox on Windows`; the first 80 characters of what is not known; `unknown browser` for nothing."""
    said = " ".join(said.split())
    browser = _named(BROWSERS, said)
    if browser is None and "Safari/" in said and "Version/" in said:
        browser = "Safari"
    system = _named(SYSTEMS, said)
    if browser is None or not said.startswith("Mozilla/"):
        return said[:LONGEST] or "unknown browser"
    return f"{browser} on {system}" if system else browser


def _named(names: tuple[tuple[str, str], ...], said: str) -> str | None:
    return next((name for part, name in names if part in said), None)
