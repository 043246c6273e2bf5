"""Who may ask what of the captions of imports. Read by matrix.py, which searches for it, after itself."""

from __future__ import annotations

from matrix import ADMIN, Row

SIGHT = {"captioned source": {"SIMS": ADMIN, "none": ""}}
OBJECTS = {"captioned source": {"SIMS": lambda _school: "sims", "none": lambda _school: "nowhere"}}
ROWS = [
    Row("GET", "admin-import-captions", ADMIN, "captioned source"),
    Row("POST", "admin-import-captions", ADMIN, "captioned source"),
]
