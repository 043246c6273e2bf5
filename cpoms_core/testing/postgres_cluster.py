"""A PostgreSQL cluster of the tests' own: started for one run, never the machine's, gone afterwards.

One run of pytest has one cluster, whatever its number of workers. The controlling process starts it and puts
its address into the environment, which xdist's workers inherit::

    def pytest_configure(config):
        if not hasattr(config, "workerinput"):       # not in a worker
            postgres_cluster.start_for_run()         # None where PostgreSQL is not installed

    @pytest.fixture(scope="session")
    def postgres():
        cluster = postgres_cluster.from_environment()
        if cluster is None:
            pytest.skip(postgres_cluster.require_or_reason())
        return cluster

    @pytest.fixture
    def database(postgres, worker_id):
        name = f"test_{worker_id}"                   # the cluster is shared: each worker its own names
        postgres.create_database(name, template=...)
        yield postgres.app_url(name), postgres.owner_url(name)
        postgres.drop_database(name)

Starting takes about a second, a database about 50 ms. Where CI is true, a PostgreSQL that is not there is an
error; elsewhere the tests that need it are skipped.

The roles are those of a real deployment, so that what the application may not do there fails here:

- ``cpoms_owner`` owns each database and whatever migrations make in it; it is no superuser;
- ``cpoms_app`` owns nothing and may only read and write rows of what the owner made, by the owner's default
  privileges; row-level security holds for it.

A cluster holds nothing worth keeping: it lives in memory where there is room, writes nothing durably, and is
stopped the hard way. A watchdog does that, and deletes its folder, when the process that started it ends for
whatever reason, kill -9 included; what is left if even the watchdog is killed goes at the next start.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg import sql

OWNER = "cpoms_owner"
APP = "cpoms_app"
SUPERUSER = "cluster_admin"

ENVIRONMENT = "CPOMS_TEST_POSTGRES"
INSTALLATIONS = Path("/usr/lib/postgresql")
FOLDER_PREFIX = "cpoms-pg-"
ROOM = 2 * 1024**3

# The whole content of a server's environment: a developer's own PGDATA or PGPORT must not reach it.
SERVER_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}

CONFIGURATION = """
listen_addresses = '127.0.0.1'
unix_socket_directories = '{folder}'
max_connections = 100
shared_buffers = 64MB
# Nothing has to outlive the run.
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 128MB
# A query plan must not depend on when this last came by; a test that reads plans runs ANALYZE.
autovacuum = off
timezone = 'UTC'
log_timezone = 'UTC'
"""

# Once in template1, from which every database is copied.
TEMPLATE_STATEMENTS = tuple(
    sql.SQL(statement).format(owner=sql.Identifier(OWNER), app=sql.Identifier(APP))
    for statement in (
        "CREATE EXTENSION pg_trgm",
        # Before PostgreSQL 15 anybody could create in the public schema; since then the database's owner can.
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        "GRANT ALL ON SCHEMA public TO {owner}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE ON SCHEMAS TO {app}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE ON SEQUENCES TO {app}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT EXECUTE ON FUNCTIONS TO {app}",
    )
)

ROLE_STATEMENT = sql.SQL(
    "CREATE ROLE {role} LOGIN PASSWORD {password}"
    " NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
)


class PostgresError(RuntimeError):
    """The cluster is missing where it must be there, or did not start."""


@dataclass(frozen=True)
class _Installation:
    """The server's programs, and the account to run them as."""

    programs: Path
    account: pwd.struct_passwd

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of the programs to its end, and keep what it says."""
        return subprocess.run(
            [self.programs / program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            env=SERVER_ENVIRONMENT,
            check=False,
            **self.as_account(),
        )

    def as_account(self) -> dict[str, Any]:
        """Return the arguments that make ``subprocess`` switch to the account; only root can, or needs to."""
        if os.geteuid() != 0:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}

    def hand_over(self, path: Path) -> None:
        """Make the path the account's."""
        if os.geteuid() == 0:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)


def _find_installation() -> _Installation | str:
    """Return the newest installation, or why there is none to use."""
    # Debian keeps the server's programs off the PATH, a folder for each version.
    versions = (path for path in INSTALLATIONS.glob("*/bin") if path.parent.name.isdigit())
    folders = sorted(versions, key=lambda path: int(path.parent.name), reverse=True)
    if on_path := shutil.which("initdb"):
        folders.append(Path(on_path).resolve().parent)
    programs = next((folder for folder in folders if (folder / "initdb").exists()), None)
    if programs is None:
        return "PostgreSQL is not installed (apt-get install --no-install-recommends postgresql)"
    if os.geteuid() != 0:
        return _Installation(programs, pwd.getpwuid(os.geteuid()))
    try:
        return _Installation(programs, pwd.getpwnam("postgres"))
    except KeyError:
        return "PostgreSQL refuses to run as root, and there is no account 'postgres' to run it as"


def available() -> str | None:
    """Return None when a cluster can be started here, otherwise why it cannot."""
    found = _find_installation()
    return found if isinstance(found, str) else None


def require_or_reason() -> str | None:
    """Return why there is no PostgreSQL, for a skip; None when there is. Where CI is true, raise instead."""
    reason = available()
    if reason and os.environ.get("CI", "").lower() in {"1", "true"}:
        raise PostgresError(f"These tests must not be skipped here: {reason}")
    return reason


def start_for_run() -> Cluster | None:
    """Start the run's cluster, in the controlling process only; None where there is no PostgreSQL.

    It ends with this process, or with ``stop()``.
    """
    if cluster := from_environment():
        return cluster
    if require_or_reason():
        return None
    cluster = Cluster.start()
    os.environ[ENVIRONMENT] = cluster.address.to_json()
    return cluster


def from_environment(environ: Mapping[str, str] = os.environ) -> Cluster | None:
    """Return the cluster that the controlling process started; None when it started none."""
    address = environ.get(ENVIRONMENT)
    return Cluster(Address(**json.loads(address))) if address else None


@dataclass(frozen=True)
class Address:
    """How to reach a cluster. The passwords were made at its start and die with it."""

    folder: str
    port: int
    superuser_password: str
    owner_password: str
    app_password: str

    def to_json(self) -> str:
        """Return it as the environment variable holds it."""
        return json.dumps(asdict(self))


class Cluster:
    """A running cluster: the one that ``start`` began, or the same one as seen from a worker."""

    def __init__(self, address: Address, watchdog: _Watchdog | None = None) -> None:
        self.address = address
        self._watchdog = watchdog

    @classmethod
    def start(cls) -> Self:
        """Start a new cluster, which ends with this process at the latest."""
        installation = _find_installation()
        if isinstance(installation, str):
            raise PostgresError(installation)
        _remove_leftovers(installation)

        folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=_roomy_folder()))
        installation.hand_over(folder)
        watchdog = _Watchdog(installation, folder)
        try:
            superuser, owner, app = (secrets.token_urlsafe() for _ in range(3))
            _initialise(installation, folder, superuser)
            port = _launch(installation, folder)
            cluster = cls(Address(str(folder), port, superuser, owner, app), watchdog)
            cluster._create_roles()
        except BaseException:
            watchdog.finish()
            raise
        return cluster

    def stop(self) -> None:
        """Stop and delete the cluster. In a worker, which did not start it, this does nothing."""
        if self._watchdog:
            self._watchdog.finish()
            self._watchdog = None
            if (known := from_environment()) and known.address == self.address:
                del os.environ[ENVIRONMENT]

    def owner_url(self, database: str) -> str:
        """Return the SQLAlchemy URL for migrations."""
        return self._url(OWNER, self.address.owner_password, database)

    def app_url(self, database: str) -> str:
        """Return the SQLAlchemy URL for the application."""
        return self._url(APP, self.address.app_password, database)

    def superuser_url(self, database: str) -> str:
        """Return the SQLAlchemy URL for what neither role may do, and for showing that it is refused."""
        return self._url(SUPERUSER, self.address.superuser_password, database)

    def create_database(self, name: str, template: str | None = None) -> None:
        """Create a database for ``cpoms_owner``, as a copy of the template, to which nobody is connected."""
        self._execute(
            "postgres",
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(template or "template1")
            ),
        )

    def drop_database(self, name: str) -> None:
        """Drop a database if it is there, and end whatever is connected to it."""
        self._execute(
            "postgres", sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )

    def _url(self, user: str, password: str, database: str) -> str:
        return f"postgresql+psycopg://{user}:{password}@127.0.0.1:{self.address.port}/{database}"

    def _create_roles(self) -> None:
        passwords = {OWNER: self.address.owner_password, APP: self.address.app_password}
        roles = [
            ROLE_STATEMENT.format(role=sql.Identifier(role), password=sql.Literal(password))
            for role, password in passwords.items()
        ]
        self._execute("template1", *roles, *TEMPLATE_STATEMENTS)

    def _execute(self, database: str, *statements: sql.Composed) -> None:
        """Run statements as the superuser, each on its own."""
        with psycopg.connect(
            host=self.address.folder,
            port=self.address.port,
            user=SUPERUSER,
            password=self.address.superuser_password,
            dbname=database,
            autocommit=True,
        ) as connection:
            for statement in statements:
                connection.execute(statement)


class _Watchdog:
    """A small process that waits for the end of this one, and then stops and deletes the cluster.

    It reads from a pipe whose other end only we hold: the kernel closes it however we end. It is also how an
    orderly stop is done, so that there is one way only. A lock on a file in the folder, held as long as
    it lives, tells the next run that this folder is in use.
    """

    SCRIPT = 'cat >/dev/null; "$1" stop --silent --mode immediate --pgdata "$2/data"; rm -rf "$2"'

    def __init__(self, installation: _Installation, folder: Path) -> None:
        # Locked before it gets the name that others look for.
        being_locked = folder / "lock.new"
        with being_locked.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            being_locked.rename(folder / "lock")
            reading, self._writing = os.pipe()
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", self.SCRIPT, "cluster-watchdog", installation.programs / "pg_ctl", folder],
                stdin=reading,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[lock.fileno()],
                cwd="/",
                env=SERVER_ENVIRONMENT,
                # Neither Ctrl-C nor a signal to the test run's group is for it.
                start_new_session=True,
                **installation.as_account(),
            )
            os.close(reading)
        self._started_by = os.getpid()
        self._finished = False
        atexit.register(self.finish)

    def finish(self) -> None:
        """Let it do its work, and wait for it. A forked child's exit is not the end of the run."""
        if self._finished or os.getpid() != self._started_by:
            return
        self._finished = True
        atexit.unregister(self.finish)
        os.close(self._writing)
        self._process.wait(timeout=60)


def _roomy_folder() -> str:
    """Return where the cluster goes: memory when there is room, as a container often leaves 64 MB."""
    memory = Path("/dev/shm")
    with contextlib.suppress(OSError):
        if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM:
            return str(memory)
    return tempfile.gettempdir()


def _initialise(installation: _Installation, folder: Path, password: str) -> None:
    password_file = folder / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    installation.hand_over(password_file)
    done = installation.run(
        "initdb",
        f"--pgdata={folder}/data",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    )
    password_file.unlink()
    if done.returncode:
        raise PostgresError(f"initdb failed:\n{done.stdout}")
    with (folder / "data" / "postgresql.conf").open("a") as configuration:
        configuration.write(CONFIGURATION.format(folder=folder))


def _launch(installation: _Installation, folder: Path) -> int:
    """Start the server on a free port and return the port; somebody may take it first, so try a few."""
    log = folder / "log"
    for _ in range(5):
        port = _free_port()
        done = installation.run(
            "pg_ctl",
            "start",
            "--silent",
            "--wait",
            f"--pgdata={folder}/data",
            f"--log={log}",
            f"--options=-p {port}",
        )
        if done.returncode == 0:
            return port
    raise PostgresError(f"PostgreSQL did not start:\n{done.stdout}\n{log.read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _remove_leftovers(installation: _Installation) -> None:
    """Stop and delete clusters whose watchdog is no more."""
    for folder in _abandoned_folders(installation.account):
        if _is_running(folder):
            installation.run("pg_ctl", "stop", "--silent", "--mode=immediate", f"--pgdata={folder}/data")
        shutil.rmtree(folder, ignore_errors=True)


def _abandoned_folders(account: pwd.struct_passwd) -> Iterator[Path]:
    """Yield our account's folders whose lock is free; it stays ours until the caller asks for the next."""
    for place in {"/dev/shm", tempfile.gettempdir()}:
        for folder in Path(place).glob(f"{FOLDER_PREFIX}*"):
            # A folder without a lock is one that another run is about to lock.
            with contextlib.suppress(OSError):
                if folder.stat().st_uid != account.pw_uid:
                    continue
                with (folder / "lock").open() as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    yield folder


def _is_running(folder: Path) -> bool:
    """Say whether the server is, and is not just another process that got its number since."""
    try:
        number = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        return f"{folder}/data".encode() in Path(f"/proc/{number}/cmdline").read_bytes()
    except (OSError, ValueError, IndexError):
        return False
