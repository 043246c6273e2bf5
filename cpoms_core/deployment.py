"""What the operator decides: addresses, database, mail, folders. Read from one TOML file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

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
    (`access.leaked`).
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
    openid_issuers: tuple[str, ...] = ("https://login.microsoftonline.com/", "https://accounts.google.com")

    def __post_init__(self) -> None:
        if self.scheme not in ("http", "https"):
            raise BadDeployment(f"scheme must be http or https, not {self.scheme!r}")
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
