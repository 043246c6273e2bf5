"""The deployment's key: it seals small secrets (authenticator seeds) and wraps each school's file key."""

from __future__ import annotations

import os
from pathlib import Path

import tink
from tink import aead, secret_key_access, streaming_aead

aead.register()
streaming_aead.register()


class DeploymentKey:
    """An AEAD key kept in a file that only the application's user may read. Losing it loses every
    authenticator and every file: it belongs into the operator's backup, apart from the database's."""

    def __init__(self, keyset: str) -> None:
        handle = tink.json_proto_keyset_format.parse(keyset, secret_key_access.TOKEN)
        self._aead = handle.primitive(aead.Aead)

    @classmethod
    def from_file(cls, path: Path) -> DeploymentKey:
        """Reads the key, or makes one on the first start."""
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM)
            keyset = tink.json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN)
            temporary = path.with_suffix(f".{os.getpid()}")
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(keyset)
            try:
                os.link(temporary, path)  # fails where another process was first: then theirs is the key
            except FileExistsError:
                pass
            finally:
                temporary.unlink()
        return cls(path.read_text())

    def seal(self, secret: bytes, context: str) -> bytes:
        """Encrypts and authenticates; `context` must be given again to open (whose secret it is)."""
        return self._aead.encrypt(secret, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """The secret; raises `tink.TinkError` if it or its context was altered."""
        return self._aead.decrypt(sealed, context.encode())

    def new_file_key(self, school_id: int) -> str:
        """A new streaming keyset for a school's files, wrapped by this key."""
        handle = tink.new_keyset_handle(streaming_aead.streaming_aead_key_templates.AES256_GCM_HKDF_1MB)
        return tink.json_proto_keyset_format.serialize_encrypted(
            handle, self._aead, f"school {school_id}".encode()
        )

    def file_cipher(self, wrapped: str, school_id: int) -> streaming_aead.StreamingAead:
        """The cipher for a school's files."""
        handle = tink.json_proto_keyset_format.parse_encrypted(
            wrapped, self._aead, f"school {school_id}".encode()
        )
        return handle.primitive(streaming_aead.StreamingAead)
