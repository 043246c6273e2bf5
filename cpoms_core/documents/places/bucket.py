"""Files in a bucket that speaks S3. A file that is larger than one part goes up in several, and is there only
once the upload is completed; of a file, no more than one part is ever in memory."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import uuid
from collections.abc import Callable, Iterator
from functools import cached_property, wraps
from threading import Lock
from typing import Any, BinaryIO, ParamSpec, TypeVar, cast

from cpoms_core.documents.places import FilesAway, Missing

PART = 8 * 1024 * 1024  # bytes; S3 takes 10,000 parts of 5 MiB or more, the last one smaller
CONNECT = 5  # seconds until a bucket that does not answer is away
SILENCE = 20  # seconds without a byte from it
TRIES = 2
NAME = re.compile(r"[0-9a-f]{32}")

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def _away(call: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Turns what a bucket that is away, slow or unwilling makes of a call into FilesAway."""

    @wraps(call)
    def asked(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
        from urllib3.exceptions import HTTPError

        try:
            return call(*args, **kwargs)
        except (BotoCoreError, ClientError, HTTPClientError, HTTPError, OSError) as error:
            raise FilesAway(f"the bucket of the files does not serve: {_kind(error)}") from error

    return asked


def _kind(error: Any) -> str:
    """What a bucket answered, without the address that its texts quote."""
    answer = getattr(error, "response", None) or {}
    return str(answer.get("Error", {}).get("Code") or type(error).__name__)


class Bucket:
    """A bucket, or what is under one prefix of it. Without access_key, the credentials are those of the
    environment, as S3's own tools find them."""

    def __init__(
        self,
        bucket: str,
        prefix: str,
        *,
        endpoint: str = "",
        region: str = "",
        access_key: str = "",
        secret_key: str = "",
    ) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._endpoint = endpoint
        self._region = region
        self._credentials = (access_key or None, secret_key or None)
        self._lock = Lock()

    @contextlib.contextmanager
    def writing(self, school_id: int, file_id: uuid.UUID) -> Iterator[_Upload]:
        upload = _Upload(self._client, {"Bucket": self._bucket, "Key": self._key(school_id, file_id)})
        try:
            yield upload
            upload.complete()
        except BaseException:
            upload.abandon()
            raise

    @contextlib.contextmanager
    def reading(self, school_id: int, file_id: uuid.UUID) -> Iterator[BinaryIO]:
        body = self._open(self._key(school_id, file_id))
        try:
            yield cast(BinaryIO, _Body(body))
        finally:
            body.close()

    @_away
    def remove(self, school_id: int, file_id: uuid.UUID) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=self._key(school_id, file_id))

    def written_before(self, school_id: int, moment: dt.datetime) -> Iterator[uuid.UUID]:
        for one in self._listed("list_objects_v2", "Contents", school_id):
            name = one["Key"].rpartition("/")[2]
            if one["LastModified"] < moment and NAME.fullmatch(name):
                yield uuid.UUID(name)

    def remove_unfinished(self, school_id: int, moment: dt.datetime) -> int:
        begun = self._listed("list_multipart_uploads", "Uploads", school_id)
        old = [one for one in begun if one["Initiated"] < moment]
        for one in old:
            self._abort(one["Key"], one["UploadId"])
        return len(old)

    def _key(self, school_id: int, file_id: uuid.UUID) -> str:
        return f"{self._prefix}{school_id}/{file_id.hex[-2:]}/{file_id.hex}"

    def _listed(self, operation: str, key: str, school_id: int) -> Iterator[dict[str, Any]]:
        """What the bucket lists of a school, a page of it at a time."""
        pages = iter(
            self._client.get_paginator(operation).paginate(
                Bucket=self._bucket, Prefix=f"{self._prefix}{school_id}/"
            )
        )
        further = _away(lambda: next(pages, None))
        while (page := further()) is not None:
            yield from page.get(key, ())

    @_away
    def _abort(self, key: str, upload_id: str) -> None:
        self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload_id)

    @_away
    def _open(self, key: str) -> Any:
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
        except self._client.exceptions.NoSuchKey as error:
            raise Missing from error

    @property
    def _client(self) -> Any:
        with self._lock:  # making one is not safe for threads, using one is
            return self._made

    @cached_property
    def _made(self) -> Any:
        import boto3
        from botocore.config import Config

        access_key, secret_key = self._credentials
        return boto3.session.Session().client(
            "s3",
            endpoint_url=self._endpoint or None,
            region_name=self._region or None,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=Config(
                connect_timeout=CONNECT,
                read_timeout=SILENCE,
                retries={"total_max_attempts": TRIES, "mode": "standard"},
                # servers other than Amazon's know neither names of buckets as hosts nor the newer checksums;
                # the cipher finds every byte that was altered
                s3={"addressing_style": "path" if self._endpoint else "auto"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )


class _Upload:
    """A file on its way into the bucket."""

    def __init__(self, client: Any, where: dict[str, str]) -> None:
        self._client = client
        self._where = where
        self._waiting = bytearray()
        self._upload_id = ""
        self._parts: list[dict[str, Any]] = []

    def write(self, chunk: bytes) -> int:
        self._waiting += chunk
        while len(self._waiting) > PART:
            self._send_part(bytes(self._waiting[:PART]))
            del self._waiting[:PART]
        return len(chunk)

    @_away
    def complete(self) -> None:
        """Makes the file visible."""
        if not self._upload_id:
            self._client.put_object(**self._where, Body=bytes(self._waiting))
            return
        self._send_part(bytes(self._waiting))
        self._client.complete_multipart_upload(
            **self._where, UploadId=self._upload_id, MultipartUpload={"Parts": self._parts}
        )

    def abandon(self) -> None:
        """Forgets what went up. Where the bucket is away, the sweep of unfinished ones finds it."""
        if not self._upload_id:
            return
        with contextlib.suppress(FilesAway):
            _away(self._client.abort_multipart_upload)(**self._where, UploadId=self._upload_id)

    @_away
    def _send_part(self, content: bytes) -> None:
        if not self._upload_id:
            self._upload_id = self._client.create_multipart_upload(**self._where)["UploadId"]
        number = len(self._parts) + 1
        sent = self._client.upload_part(
            **self._where, UploadId=self._upload_id, PartNumber=number, Body=content
        )
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})


class _Body:
    """The bytes of a file as they come out of the bucket."""

    def __init__(self, body: Any) -> None:
        self.read = _away(body.read)

    def readable(self) -> bool:
        return True
