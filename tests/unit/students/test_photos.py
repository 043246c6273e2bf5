"""Photos are drawn anew, and never lost (STU-01)."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from cpoms_core.errors import NothingThere, Refused
from cpoms_core.students import photos
from cpoms_core.students.information import Information, save_information
from cpoms_core.students.models import Student
from cpoms_core.students.photos import SIDE, photo_of, photo_taken_in, redrawn
from cpoms_core.testing.records import picture
from cpoms_core.testing.schools import SchoolForTests


def test_what_the_camera_wrote_is_gone() -> None:
    """STU-01: EXIF with the place, profiles and comments; and the picture is small."""
    original = picture(place=True)
    assert len(Image.open(io.BytesIO(original)).getexif()) > 0
    kept = Image.open(io.BytesIO(redrawn(io.BytesIO(original))))
    assert max(kept.size) == SIDE
    assert len(kept.getexif()) == 0 and not {"exif", "icc_profile", "comment"} & kept.info.keys()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"\xff\xd8\xff\xe0 no more of it",
        picture("PNG")[:2_000],
    ],
    ids=["empty", "svg", "broken", "cut short"],
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    """STU-01: in words, beside the field."""
    with pytest.raises(Refused) as refused:
        redrawn(io.BytesIO(content))
    assert refused.value.field == "file" and "JPEG" in refused.value.message


def test_more_points_than_fit_are_refused() -> None:
    """STU-01: a small file may claim 400 million points."""
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 100_000
    bomb.seek(0)
    with pytest.raises(Refused):
        redrawn(bomb)


def test_more_bytes_than_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """STU-01: they are not read to the end."""
    monkeypatch.setattr(photos, "LARGEST", 300_000)
    source = io.BytesIO(b"\0" * 2_000_000)
    with pytest.raises(Refused, match="15 MB"):
        redrawn(source)
    assert source.tell() < 600_000


def put(school: SchoolForTests, seen: int) -> None:
    viewer = school.viewer("lead")
    with (
        photo_taken_in(school.app, viewer, io.BytesIO(picture())) as photo_id,
        school.app.transaction(school.id) as db,
    ):
        new = Information(seen=seen, photo_id=photo_id)
        save_information(db, viewer, school.students["aoife"], new)


def test_it_is_encrypted_and_shown_to_who_opens_the_record(school: SchoolForTests) -> None:
    """STU-01: under an id of its own; for the head of year too, for the administrator not."""
    put(school, 1)
    student = school.students["aoife"]
    with school.app.session(school.id, writes=False) as db:
        photo_id = db.get_one(Student, (school.id, student)).photo_id
        content, media_type = photo_of(db, school.viewer("head"), student)
        assert media_type == "image/jpeg" and Image.open(io.BytesIO(content)).format == "JPEG"
        with pytest.raises(NothingThere):
            photo_of(db, school.viewer("admin"), student)
        with pytest.raises(NothingThere):
            photo_of(db, school.viewer("lead"), school.students["björn"])
    assert photo_id is not None
    place: Any = school.app.storage.place
    assert b"JFIF" not in place.path(school.id, photo_id).read_bytes()


def test_a_photo_that_nothing_names_is_forgotten(school: SchoolForTests) -> None:
    """STU-01: where the form is refused after the photo was taken in."""
    with (
        pytest.raises(ZeroDivisionError),
        photo_taken_in(school.app, school.viewer("lead"), io.BytesIO(picture())) as photo_id,
    ):
        assert photo_id is not None
        place: Any = school.app.storage.place
        path = place.path(school.id, photo_id)
        assert path.exists()
        raise ZeroDivisionError
    assert not path.exists()
