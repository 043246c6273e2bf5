"""INC-06, STU-05: the same contract for every place of files: a folder, and a bucket that speaks S3."""

from __future__ import annotations

import datetime as dt
import errno
import io
import os
import ssl
import tracemalloc
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.deployment import BadDeployment, Deployment
from cpoms_core.documents.places import FilesAway, Missing, Place, bucket, place_of
from cpoms_core.documents.places.bucket import PART, Bucket
from cpoms_core.documents.places.folder import Folder
from cpoms_core.documents.storage import FileDamaged, FileTooLarge, Storage
from cpoms_core.sealing import DeploymentKey
from cpoms_core.testing.buckets import client_of, new_bucket

SCHOOL, OTHER = 7, 8
LATER = dt.timedelta(minutes=1)


def put(place: Place, content: bytes = b"bytes", school: int = SCHOOL) -> uuid.UUID:
    made = new_id()
    with place.writing(school, made) as sink:
        sink.write(content)
    return made


def get(place: Place, file_id: uuid.UUID, school: int = SCHOOL) -> bytes:
    with place.reading(school, file_id) as raw:
        return raw.read(-1)


def listed(place: Place, school: int = SCHOOL) -> set[uuid.UUID]:
    return set(place.written_before(school, utc_now() + LATER))


def test_what_was_written_is_read(place: Place) -> None:
    """INC-06: as it came, in any number of pieces, and nothing but it."""
    made, empty = new_id(), put(place, b"")
    with place.writing(SCHOOL, made) as sink:
        for piece in (b"a" * 100_000, b"", b"b"):
            assert sink.write(piece) == len(piece)
    assert get(place, made) == b"a" * 100_000 + b"b"
    assert get(place, empty) == b""


def test_it_is_there_when_it_is_whole(place: Place) -> None:
    """INC-06, never lost: while it is written, and where writing fails, there is nothing."""
    made = new_id()
    with pytest.raises(ValueError, match="cut off"), place.writing(SCHOOL, made) as sink:
        sink.write(b"x" * (2 * PART + 1))
        assert listed(place) == set()
        with pytest.raises(Missing):
            get(place, made)
        raise ValueError("cut off")
    assert listed(place) == set()
    assert place.remove_unfinished(SCHOOL, utc_now() + LATER) == 0


def test_what_a_killed_process_left_is_removed(place: Place) -> None:
    """INC-06: an upload that was begun and that nobody ended, once it is old enough."""
    writing = place.writing(SCHOOL, new_id())
    sink = writing.__enter__()
    sink.write(b"x" * (PART + 1))
    if isinstance(place, Folder):  # the tests' server dates every upload 2010
        assert place.remove_unfinished(SCHOOL, utc_now() - LATER) == 0
    assert place.remove_unfinished(OTHER, utc_now() + LATER) == 0
    assert place.remove_unfinished(SCHOOL, utc_now() + LATER) == 1
    assert place.remove_unfinished(SCHOOL, utc_now() + LATER) == 0
    writing.__exit__(ValueError, ValueError(), None)


def test_it_is_written_again_after_a_killed_process(place: Place) -> None:
    """EDT-07, OPS: a worker was killed while it stored a file; the next one stores it, under the same id."""
    made = new_id()
    writing = place.writing(SCHOOL, made)
    writing.__enter__().write(b"half")
    with place.writing(SCHOOL, made) as sink:
        sink.write(b"whole")
    assert get(place, made) == b"whole"
    writing.__exit__(ValueError, ValueError(), None)
    assert get(place, made) == b"whole"


def test_a_folder_outlives_a_loss_of_power(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """INC-06, never lost: what was said to be stored has its name on the disk, too: the folder is written
    after the file was renamed, and so are the folders that it is in, where they are new."""
    place = Folder(tmp_path / "files")
    done: list[tuple[Path, bool]] = []
    real = os.fsync

    def noted(descriptor: int) -> None:
        of = Path(f"/proc/self/fd/{descriptor}").readlink()
        done.append((of, path.exists()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    made = new_id()
    path = place.path(SCHOOL, made)
    with place.writing(SCHOOL, made) as sink:
        sink.write(b"x")
    assert done[-1] == (path.parent, True)
    folders = {of for of, _there in done[:-2]}
    assert folders == {tmp_path, tmp_path / "files", tmp_path / "files" / str(SCHOOL)}
    done.clear()
    with place.writing(SCHOOL, made) as sink:
        sink.write(b"y")
    assert [of.parent for of, _there in done] == [path.parent, path.parent.parent]


def test_an_upload_in_progress_stays(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """INC-06, never lost: one that was begun since is somebody's."""
    place = new_bucket(s3)
    begun = [{"Key": "k", "UploadId": str(at), "Initiated": utc_now() - at * LATER} for at in (1, 3)]
    ended: list[str] = []
    monkeypatch.setattr(place, "_listed", lambda *_: iter(begun))
    monkeypatch.setattr(place, "_abort", lambda _key, upload: ended.append(upload))
    assert place.remove_unfinished(SCHOOL, utc_now() - 2 * LATER) == 1
    assert ended == ["3"]


def test_removing_is_for_good_and_can_be_repeated(place: Place) -> None:
    """EDT-10: gone once, and no error afterwards; nothing else goes with it."""
    one, other = put(place), put(place)
    place.remove(SCHOOL, one)
    place.remove(SCHOOL, one)
    with pytest.raises(Missing):
        get(place, one)
    assert listed(place) == {other}


def test_a_list_is_of_one_school_and_of_what_is_old_enough(place: Place) -> None:
    """INC-06: for the sweep; another school's files and younger ones are not in it."""
    ours, theirs = put(place), put(place, school=OTHER)
    assert (listed(place), listed(place, OTHER)) == ({ours}, {theirs})
    assert set(place.written_before(SCHOOL, utc_now() - LATER)) == set()
    with pytest.raises(Missing):
        get(place, ours, OTHER)


def test_a_long_list_comes_in_pages(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """INC-06: more files than the bucket lists at once."""
    place = new_bucket(s3)
    made = {put(place) for _ in range(7)}
    real = place._client.get_paginator("list_objects_v2").paginate
    asked: list[int] = []

    class Pages:
        def paginate(self, **kwargs: Any) -> Any:
            for page in real(**kwargs, PaginationConfig={"PageSize": 3}):
                asked.append(len(page["Contents"]))
                yield page

    monkeypatch.setattr(place._client, "get_paginator", lambda _name: Pages())
    assert listed(place) == made
    assert asked == [3, 3, 1]


@pytest.mark.parametrize("size", [PART - 1, PART, PART + 1, 3 * PART])
def test_parts_of_an_upload(s3: str, size: int) -> None:
    """INC-06: at the borders of the parts that a bucket takes."""
    place = new_bucket(s3)
    content = os.urandom(size)
    made = new_id()
    with place.writing(SCHOOL, made) as sink:
        for at in range(0, size, 1_000_003):
            sink.write(content[at : at + 1_000_003])
    assert get(place, made) == content


def test_an_upload_of_unknown_length_takes_little_memory(s3: str) -> None:
    """INC-06: a file of ten parts never has more than a few in memory."""
    place = new_bucket(s3)
    place._client  # noqa: B018 - its making is not what is measured
    sent: list[int] = []
    place._client.meta.events.register(
        "before-send.s3.UploadPart", lambda request, **_: sent.append(request.body.getbuffer().nbytes)
    )

    # the server runs in this process and would keep them all: what goes up stops short of it
    place._client.meta.events.register("before-send.s3.UploadPart", lambda **_: _answer())
    chunk = bytes(256 * 1024)
    tracemalloc.start()
    try:
        with pytest.raises(KeyboardInterrupt), place.writing(SCHOOL, new_id()) as sink:
            for _ in range(10 * PART // len(chunk) + 1):
                sink.write(chunk)
            peak = tracemalloc.get_traced_memory()[1]
            raise KeyboardInterrupt
    finally:
        tracemalloc.stop()
    assert len(sent) == 10 and set(sent) == {PART}
    assert peak < 4 * PART


def _answer() -> Any:
    from botocore.awsrequest import AWSResponse

    answer = AWSResponse("http://localhost/", 200, {"ETag": '"x"'}, None)
    answer._content = b""
    return answer


# --- the cipher before the place -------------------------------------------------------------------------


@pytest.fixture
def key(storage: Storage) -> str:
    return storage._key.new_file_key(SCHOOL)


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_only_the_cipher_leaves_the_process(storage: Storage, key: str, size: int) -> None:
    """STU-05: what the place holds is not what was given, and what is read is."""
    plain = b"She told me. " * (size // 13 + 1) if size else b""
    made = new_id()
    stored = storage.write(key, SCHOOL, made, io.BytesIO(plain[:size]), limit=size)
    assert stored.size == size
    assert b"".join(storage.read(key, SCHOOL, made)) == plain[:size]
    assert b"She told" not in get(storage.place, made)


def test_too_large_leaves_nothing(storage: Storage, key: str) -> None:
    """INC-06: refused while it streams, at the first byte too many."""
    source = io.BytesIO(b"x" * 20_000_000)
    with pytest.raises(FileTooLarge):
        storage.write(key, SCHOOL, new_id(), source, limit=9_000_000)
    assert source.tell() < 9_600_000
    assert listed(storage.place) == set()
    assert storage.remove_unfinished(SCHOOL, utc_now() + LATER) == 0


def test_a_connection_that_breaks_leaves_nothing(storage: Storage, key: str) -> None:
    """INC-06, never lost: the stream ends in an error, after some of it went up."""

    class Broken(io.RawIOBase):
        left = 12_000_000

        def read(self, size: int = -1) -> bytes:
            self.left -= size
            if self.left < 0:
                raise ConnectionResetError
            return b"x" * size

    with pytest.raises(ConnectionResetError):
        storage.write(key, SCHOOL, new_id(), Broken(), limit=10**9)  # type: ignore[arg-type]
    assert listed(storage.place) == set()
    assert storage.remove_unfinished(SCHOOL, utc_now() + LATER) == 0


def test_altered_swapped_cut_or_gone_is_damaged(storage: Storage, key: str) -> None:
    """Hostile input 10: bound to the school and the document."""
    made, other = new_id(), new_id()
    for one in (made, other):
        storage.write(key, SCHOOL, one, io.BytesIO(b"text"), limit=10)
    sealed = get(storage.place, made)
    for blob in (sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1]), get(storage.place, other), b""):
        storage.remove(SCHOOL, made)
        with storage.place.writing(SCHOOL, made) as sink:
            sink.write(blob)
        with pytest.raises(FileDamaged):
            list(storage.read(key, SCHOOL, made))
    storage.remove(SCHOOL, made)
    with pytest.raises(FileDamaged):
        list(storage.read(key, SCHOOL, made))


# --- a place that is away --------------------------------------------------------------------------------


def nowhere() -> Bucket:
    return Bucket("b", "", endpoint="http://127.0.0.1:9", region="eu-west-2", access_key="a", secret_key="s")


def without_rights(endpoint: str) -> Bucket:
    """A bucket that is not there, or not ours: neither is an empty one."""
    return Bucket("no-such-bucket", "", endpoint=endpoint, region="eu-west-2", access_key="a", secret_key="s")


@pytest.mark.parametrize("which", ["nobody listens", "no such bucket"])
def test_a_bucket_that_is_away_says_so(s3: str, tmp_path: Path, which: str) -> None:
    """Hostile input 11: every use of it is refused as that, never as an empty bucket."""
    place = nowhere() if which == "nobody listens" else without_rights(s3)
    storage = Storage(place, key_in(tmp_path))
    key = storage._key.new_file_key(SCHOOL)
    with pytest.raises(FilesAway):
        storage.write(key, SCHOOL, new_id(), io.BytesIO(b"text"), limit=10)
    with pytest.raises(FilesAway):
        storage.write(key, SCHOOL, new_id(), io.BytesIO(b"x" * 2 * PART), limit=3 * PART)
    with pytest.raises(FilesAway):
        list(storage.read(key, SCHOOL, new_id()))
    with pytest.raises(FilesAway):
        list(storage.written_before(SCHOOL, utc_now()))
    with pytest.raises(FilesAway):
        storage.remove_unfinished(SCHOOL, utc_now())
    if which == "nobody listens":
        with pytest.raises(FilesAway):
            storage.remove(SCHOOL, new_id())


def key_in(tmp_path: Path) -> DeploymentKey:
    return DeploymentKey.from_file(tmp_path / "keys" / "deployment.json")


def test_a_slow_bucket_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hostile input 11: one that takes the connection and says nothing is not waited for without end."""
    import socket
    import time

    monkeypatch.setattr(bucket, "SILENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        slow = Bucket(
            "b", "", endpoint=f"http://127.0.0.1:{server.getsockname()[1]}", region="x",
            access_key="a", secret_key="s",
        )  # fmt: skip
        began = time.monotonic()
        with pytest.raises(FilesAway), slow.reading(SCHOOL, new_id()):
            pass
        assert time.monotonic() - began < 30


def test_it_breaks_off_while_it_is_read(s3: str, tmp_path: Path) -> None:
    """Hostile input 11: away in the middle is away, and not a damaged file."""
    storage = Storage(new_bucket(s3), key_in(tmp_path))
    key = storage._key.new_file_key(SCHOOL)
    made = new_id()
    storage.write(key, SCHOOL, made, io.BytesIO(b"x" * 5_000_000), limit=10**7)
    from botocore.exceptions import ReadTimeoutError
    from botocore.response import StreamingBody

    real, taken = StreamingBody.read, [0]

    def breaking(body: Any, size: int) -> bytes:
        taken[0] += size
        if taken[0] > 3_000_000:
            raise ReadTimeoutError(endpoint_url="http://127.0.0.1/")
        return bytes(real(body, size))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StreamingBody, "read", breaking)
        chunks = storage.read(key, SCHOOL, made)
        assert next(chunks)
        with pytest.raises(FilesAway):
            list(chunks)


@pytest.mark.parametrize(
    "error", [OSError(errno.EIO, "I/O"), ssl.SSLError("cut"), OSError(errno.ESTALE, "stale")]
)
def test_an_error_of_a_moment_is_no_damage(tmp_path: Path, error: OSError) -> None:
    """Hostile input 11: a disk or a connection that fails while it is read says nothing of the file."""

    class Failing(Folder):
        @contextmanager
        def reading(self, *_of: object) -> Iterator[Any]:
            class Raw(io.RawIOBase):
                def read(self, size: int = -1) -> bytes:
                    raise error

            yield Raw()

    storage = Storage(Failing(tmp_path), key_in(tmp_path))
    with pytest.raises(FilesAway):
        list(storage.read(storage._key.new_file_key(SCHOOL), SCHOOL, new_id()))


def test_a_connection_that_fails_in_a_body_is_away(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hostile input 11: with the errors of the layers below, which the client hands on as they are."""
    import urllib3
    from botocore.response import StreamingBody

    place = new_bucket(s3)
    made = put(place)
    for error in (urllib3.exceptions.SSLError("cut"), ssl.SSLError("cut"), ConnectionResetError()):

        def fail(_body: Any, *_of: object, error: Exception = error) -> bytes:
            raise error

        monkeypatch.setattr(StreamingBody, "read", fail)
        with pytest.raises(FilesAway), place.reading(SCHOOL, made) as raw:
            raw.read(10)


# --- which place -----------------------------------------------------------------------------------------


def test_the_deployment_names_the_place(s3: str, tmp_path: Path) -> None:
    """STU-05: a folder unless said otherwise; a bucket with what its own tools read from the environment."""
    assert isinstance(place_of(Deployment(tmp_path)), Folder)
    name = new_bucket(s3)._bucket
    made = place_of(
        Deployment(
            tmp_path,
            files=f"s3://{name}/of/cpoms/",
            files_endpoint=s3,
            files_region="eu-west-2",
            files_access_key="test",
            files_secret_key="test",
        )
    )
    one = put(made)
    keys = [found["Key"] for found in client_of(s3).list_objects_v2(Bucket=name)["Contents"]]
    assert keys == [f"of/cpoms/{SCHOOL}/{one.hex[-2:]}/{one.hex}"]


def test_credentials_may_come_from_the_environment(
    s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docs/operating.md: so that the file needs no secret."""
    name = new_bucket(s3)._bucket
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "e")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "e")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    made = place_of(Deployment(tmp_path, files=f"s3://{name}", files_endpoint=s3))
    assert get(made, put(made, b"x")) == b"x"


@pytest.mark.parametrize("files", ["files", "/var/files", "s3:bucket", "s3://", "http://x/y", "s3://B/x"])
def test_another_place_stops_the_start(tmp_path: Path, files: str) -> None:
    with pytest.raises(BadDeployment, match="s3://bucket"):
        Deployment(tmp_path, files=files)
