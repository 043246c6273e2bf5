"""`bin/vendor` copies what pages load, and nothing that only makes a release larger."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[3]
STATIC = ROOT / "cpoms_core" / "static"
VENDOR = STATIC / "vendor"
OURS = [
    *(ROOT / "templates").rglob("*.pt"),
    *ROOT.glob("plugins/*/*/templates/**/*.pt"),
    *(STATIC / "css").glob("*.css"),
    *(STATIC / "js").glob("*.js"),
]
LOADED = re.compile(r"""(?<=['"(/])vendor/([\w./-]+)""")


def loaded() -> set[str]:
    return {name for file in OURS for name in LOADED.findall(file.read_text(encoding="utf-8"))}


def copied() -> set[str]:
    packages = runpy.run_path(str(ROOT / "bin" / "vendor"))["PACKAGES"]
    files = {f"{one.folder}/{Path(name).name}" for one in packages for name in one.files}
    return {*files, "icons.svg"}


def test_every_copied_file_is_loaded_and_every_loaded_file_is_copied() -> None:
    """OPS-01: by a template, a style or a script of ours."""
    assert len(OURS) > 30
    assert copied() == loaded()


def test_the_served_folder_holds_these_files_and_their_licences() -> None:
    """OPS-01: what an earlier set-up copied is gone."""
    made = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file()}
    licences = {f"{name.rpartition('/')[0]}/LICENSE.txt" for name in copied() if "/" in name}
    assert made - {".made-from"} == copied() | licences
