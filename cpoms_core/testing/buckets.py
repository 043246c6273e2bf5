"""Buckets for tests, on a real server that speaks S3."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cpoms_core.documents.places.bucket import Bucket

REGION = "eu-west-2"
ANYONE = "test"  # this server lets everybody in


@contextmanager
def s3_server() -> Iterator[str]:
    """The address of a server that speaks S3, as long as the block runs."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def client_of(endpoint: str) -> Any:
    """S3's own client, for looking at what is in a bucket."""
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=ANYONE,
        aws_secret_access_key=ANYONE,
    )


def bucket_name(endpoint: str) -> str:
    """Makes an empty bucket."""
    name = f"bucket-{secrets.token_hex(6)}"
    client_of(endpoint).create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


def new_bucket(endpoint: str, prefix: str = "files") -> Bucket:
    """A place in an empty bucket."""
    return Bucket(
        bucket_name(endpoint), prefix, endpoint=endpoint, region=REGION, access_key=ANYONE, secret_key=ANYONE
    )
