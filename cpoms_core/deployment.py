"""What the operator decides: addresses, database, mail, folders. Read from one TOML file."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*)?")
SCANNER = re.compile(r"unix:/.+|(\[[0-9a-f:]+\]|[^:/\s]+):[0-9]{1,5}", re.IGNORECASE)
Place = Literal["school", "accounts", "demo door"]
"""What a host name is: a school's, the accounts' own, or the demonstration's front door."""
ACCOUNTS = "accounts"
"""The label of the host where SSO accounts log in and the authenticator is served; no school may have it."""


class BadDeployment(ValueError):
    """The configuration cannot be used; the message says which line to change."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment of the product, serving many schools.

    folder: where the local database, the files and the keys are kept. owner_url: the role that migrates
    (on PostgreSQL another than the application's). public_port: the port people's browsers use.
    website and support_*: what the left panel and the help page tell people; shown where given.
    mail: `smtp://host:port`, `smtp+starttls://user:password@host:port`, `smtps://user:password@host:port`, or
    `mailbox:` for the local mailbox. broker: what wakes the worker's threads, `memory://` inside each worker,
    or the address of a Redis or RabbitMQ; it carries no content and may lose what it carries.
    openid_issuers: the OpenID providers that schools may use (ACC-14), whole addresses or beginnings that end
    with a slash. leaked_passwords: a list of passwords that leaked, which nobody may choose
    (`access.leaked`). files: where the encrypted bytes of files are kept, a folder beside the database or
    `s3://bucket/prefix`; files_endpoint: the address of an S3 server other than Amazon's; files_region,
    files_access_key and files_secret_key: without them, S3's own variables of the environment count. clamav:
    where a ClamAV daemon listens, `unix:/path` or `host:port`; without it files are not scanned.
    hook_seconds, hook_seconds_saving, hook_seconds_change: how long a module may take
    (`hooks.timing.Limits`): for its part of a page, when it is told of a change, and all of them together for
    one change.
    """

    folder: Path
    database_url: str = ""
    owner_url: str = ""
    domain: str = "cpoms.localhost"
    scheme: str = "http"
    public_port: int = 6543
    mail: str = "mailbox:"
    mail_from: str = "alerts@cpoms.localhost"
    broker: str = "memory://"
    demo: bool = False
    pool_size: int = 10
    website: str = ""
    support_email: str = ""
    support_phone: str = ""
    support_hours: str = ""
    leaked_passwords: Path | None = None
    files: str = ""
    files_endpoint: str = ""
    files_region: str = ""
    files_access_key: str = ""
    files_secret_key: str = ""
    clamav: str = ""
    hook_seconds: float = 2.0
    hook_seconds_saving: float = 3.0
    hook_seconds_change: float = 6.0
    openid_issuers: tuple[str, ...] = ("https://login.microsoftonline.com/", "https://accounts.google.com")

    def __post_init__(self) -> None:
        if self.scheme not in ("http", "https"):
            raise BadDeployment(f"scheme must be http or https, not {self.scheme!r}")
        if self.files and not BUCKET.fullmatch(self.files):
            raise BadDeployment(f"files must be s3://bucket or s3://bucket/prefix, not {self.files!r}")
        if self.clamav and not SCANNER.fullmatch(self.clamav):
            raise BadDeployment(f"clamav must be unix:/path or host:port, not {self.clamav!r}")
        for name in ("hook_seconds", "hook_seconds_saving", "hook_seconds_change"):
            seconds = getattr(self, name)
            if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
                raise BadDeployment(f"{name} must be a number of seconds, not {seconds!r}")
        object.__setattr__(self, "openid_issuers", tuple(self.openid_issuers))  # TOML has lists
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{self.folder / 'cpoms.sqlite'}")
        if not self.owner_url:
            object.__setattr__(self, "owner_url", self.database_url)

    @property
    def secure(self) -> bool:
        return self.scheme == "https"

    def school_address(self, slug: str) -> str:
        """The address of a school, as links in mail give it: never taken from a request."""
        standard = {"http": 80, "https": 443}[self.scheme]
        port = "" if self.public_port == standard else f":{self.public_port}"
        return f"{self.scheme}://{slug}.{self.domain}{port}"

    @property
    def accounts_address(self) -> str:
        """The address of the accounts' own host (ACC-03)."""
        return self.school_address(ACCOUNTS)


def load(path: Path) -> Deployment:
    """Reads a deployment from a TOML file; relative folders are relative to it. Raises BadDeployment."""
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BadDeployment(f"{path} cannot be read: {error}") from error
    values["folder"] = (path.parent / values.get("folder", ".")).resolve()
    if "leaked_passwords" in values:
        values["leaked_passwords"] = (path.parent / values["leaked_passwords"]).resolve()
    try:
        return Deployment(**values)
    except TypeError as error:
        raise BadDeployment(f"{path}: {error}") from error
