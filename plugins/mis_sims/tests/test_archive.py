"""A zip of reports: nothing it says of itself is believed (MIS-02; design, Hostile input 5)."""

from __future__ import annotations

import io
import struct
import time
import zipfile

import pytest
from cpoms_mis_sims import limits


def test_litter_of_computers_is_passed_over_mis_05(read, make) -> None:
    data = make.zip(
        {
            "SIMS/students.xml": make.xml([make.student()]),
            "__MACOSX/SIMS/._students.xml": b"\0\5\x16\7",
            "SIMS/.DS_Store": b"\0",
            "Thumbs.db": b"\0",
        }
    )
    extract = read(data, "Reports.ZIP")
    assert extract.problems == []
    assert extract.students[0].where.file == "SIMS/students.xml"


@pytest.mark.parametrize(
    "name",
    [
        "../students.xml",
        "/etc/students.xml",
        "a\\students.xml",
        "C:students.xml",
        "a\nb.xml",
        "x" * 120 + ".xml",
    ],
)
def test_names_that_lead_elsewhere_are_refused_mis_02(read, make, name: str) -> None:
    info = zipfile.ZipInfo("students.xml")
    info.filename = name
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, make.xml([make.student()]))
    (problem,) = read(out.getvalue(), "a.zip").problems
    assert "unusable name" in problem.message
    assert "\n" not in str(problem.message)


@pytest.mark.parametrize("name", ["students.xlsx", "reports.zip", "readme", "students.xml.exe"])
def test_only_reports_belong_in_the_zip_mis_02(read, make, name: str) -> None:
    (problem,) = read(make.zip({"a.csv": b"x", name: b"x"}), "a.zip").problems
    assert name in problem.message
    assert "Remove it" in problem.message


def test_the_same_name_twice_is_refused_mis_02(read, make) -> None:
    out = io.BytesIO(make.zip({"students.xml": make.xml([make.student()])}))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("Students.xml", b"<SuperStarReport/>")
    (problem,) = read(out.getvalue(), "a.zip").problems
    assert "two files named" in problem.message


def test_too_many_entries_are_refused_mis_02(read, make) -> None:
    data = make.zip({f"marks{number}.csv": b"x" for number in range(limits.MAX_ENTRIES + 1)})
    (problem,) = read(data, "a.zip").problems
    assert f"more than {limits.MAX_ENTRIES} files" in problem.message


@pytest.mark.parametrize("claimed", [3_000, 1])
def test_a_long_table_of_contents_is_refused_unread_mis_02(
    read, make, monkeypatch: pytest.MonkeyPatch, claimed: int
) -> None:
    """`zipfile` reads the whole table, whatever number of entries is claimed."""
    data = bytearray(make.zip({f"{number}.csv": b"" for number in range(3_000)}))
    struct.pack_into("<2H", data, data.rfind(b"PK\x05\x06") + 8, claimed, claimed)

    def read_table(file: object) -> None:
        raise AssertionError("the table was read")

    monkeypatch.setattr("cpoms_mis_sims.archive.zipfile.ZipFile", read_table)
    (problem,) = read(bytes(data), "a.zip").problems
    assert "more than" in problem.message


def test_a_bomb_is_refused_by_its_ratio_mis_02(read, make) -> None:
    data = make.zip({"students.xml": b"<SuperStarReport>" + b" " * (20 * limits.MIB)})
    assert len(data) < 50_000
    start = time.process_time()
    (problem,) = read(data, "a.zip").problems
    assert "too large when unpacked" in problem.message
    assert problem.where.file == "students.xml"
    assert time.process_time() - start < 0.5


def test_a_size_that_lies_is_not_believed_mis_02(read, make) -> None:
    """The table of contents claims 17 bytes; what is behind them is never unpacked into memory."""
    bomb = b"<SuperStarReport>" + b" " * (20 * limits.MIB)
    data = bytearray(make.zip({"students.xml": bomb}))
    for at in (data.find(b"PK\x03\x04") + 22, data.find(b"PK\x01\x02") + 24):
        struct.pack_into("<L", data, at, 17)
    start = time.process_time()
    extract = read(bytes(data), "a.zip")
    assert extract.refused
    assert time.process_time() - start < 0.5


def test_entries_that_share_bytes_are_refused_mis_02(read, make) -> None:
    data = bytearray(make.zip({"a.csv": b"ID,Mark\n1,2\n" * 50, "b.csv": b"ID,Mark\n1,2\n" * 50}))
    second = data.rfind(b"PK\x01\x02")
    struct.pack_into("<L", data, second + 42, 0)  # the second entry starts where the first does
    (problem,) = read(bytes(data), "a.zip").problems
    assert problem.error
    assert "damaged" in problem.message


def test_a_table_of_contents_in_the_wrong_place_is_refused_mis_02(read, make) -> None:
    """`zipfile` then takes entries to start before the file does."""
    data = bytearray(make.zip({"a.csv": b"ID,Mark\n1,2\n", "b.csv": b"ID,Mark\n1,2\n"}))
    end = data.rfind(b"PK\x05\x06")
    data[end + 18] = 1  # the third byte of where the table starts
    (problem,) = read(bytes(data), "a.zip").problems
    assert "damaged" in problem.message


def test_a_zip_with_a_password_says_so_mis_02(read, make) -> None:
    data = bytearray(make.zip({"students.xml": make.xml([make.student()])}))
    for at in (data.find(b"PK\x03\x04") + 6, data.find(b"PK\x01\x02") + 8):
        data[at] |= 1
    (problem,) = read(bytes(data), "a.zip").problems
    assert "password" in problem.message


def test_unusual_compression_is_refused_mis_02(read, make) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("students.xml", make.xml([make.student()]))
    (problem,) = read(out.getvalue(), "a.zip").problems
    assert "unusual way" in problem.message


def test_a_changed_byte_inside_is_noticed_and_placed_mis_02(read, make) -> None:
    clean = make.zip(
        {"students.xml": make.xml([make.student(primary_id=str(number)) for number in range(500)])}
    )
    assert len(read(clean, "a.zip").students) == 500
    data = bytearray(clean)
    data[len(data) // 2] ^= 0xFF
    extract = read(bytes(data), "a.zip")
    assert extract.refused
    assert extract.students is None
    assert extract.problems[0].where.file == "students.xml"


@pytest.mark.parametrize("keep", [0, 4, 21, 22, 60, 150, -1, -22])
def test_a_cut_zip_is_refused_mis_02(read, make, keep: int) -> None:
    data = make.zip({"students.xml": make.xml([make.student()])})
    extract = read(data[:keep], "a.zip")
    assert extract.refused
    assert "zip" in extract.problems[0].message


def test_an_empty_zip_and_a_zip64_table_are_refused_mis_02(read, make) -> None:
    assert "empty" in read(make.zip({}), "a.zip").problems[0].message
    data = make.zip({"students.xml": b"x"})
    end = data.rfind(b"PK\x05\x06")
    locator = b"PK\x06\x07" + struct.pack("<LQL", 0, 0, 1)
    assert "more than" in read(data[:end] + locator + data[end:], "a.zip").problems[0].message


def test_a_file_past_the_upload_limit_is_refused_unread_mis_02(make) -> None:
    from cpoms_mis_sims.source import SimsSource

    class Huge(io.BytesIO):
        def seek(self, offset: int, whence: int = 0) -> int:
            return limits.MAX_UPLOAD + 1 if whence == 2 else super().seek(offset, whence)

        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("read")

    (problem,) = SimsSource().read(Huge(), "a.xml", {}).problems
    assert "larger than 100 MB" in problem.message
