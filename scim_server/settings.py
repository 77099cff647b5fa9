"""Every setting: its type, default, bounds and one line of help, all checked before the start.

A setting comes from the environment as ``SCIM_`` and its name in capitals, or from the TOML file
that ``SCIM_SETTINGS_FILE`` names, under its own name; the environment wins. Nothing unknown,
unsafe or misspelt is passed over: :meth:`Settings.load` names every problem at once.
"""

from __future__ import annotations

import base64
import difflib
import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from scim_server.errors import BadSettings
from scim_server.keys import Key, Keys, keys_for

PREFIX = "SCIM_"
SETTINGS_FILE = "SCIM_SETTINGS_FILE"
NEW_KEY = 'python3 -c "import secrets; print(secrets.token_urlsafe(32))"'
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
MAIL_SECURITY = ("starttls", "tls", "none")

# Variables of the libraries beneath us that switch a protection off.
DANGEROUS = {
    "AUTHLIB_INSECURE_TRANSPORT": "it lets secrets and tokens travel unencrypted",
    "FLASK_DEBUG": "it shows the program's inside to whoever meets an error",
}

Reader = Callable[[str], Any]
"""Turns the text of one setting into its value, or raises ValueError with what is expected."""

Given = Iterator[tuple[str, tuple[str, str]]]
"""Settings that someone gave: the name, then how to call it in a sentence, and its text."""


def _setting(default: Any, help: str, read: Reader, *, secret: bool = False) -> Any:
    return field(default=default, metadata={"help": help, "read": read, "secret": secret})


def _whole(default: int, least: int, most: int, help: str) -> Any:
    def read(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", text) or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(text)

    metadata = {"help": help, "read": read, "secret": False, "min": least, "max": most}
    return field(default=default, metadata=metadata)


def _public_url(text: str) -> str:
    parts = split_address(text)
    if parts is None or parts.scheme not in ("https", "http"):
        raise ValueError("must be an address such as https://scim.example.edu.pl")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("must begin with https://; plain http is only for this machine itself")
    if parts.path.strip("/") or "?" in text or "#" in text or "@" in parts.netloc:
        raise ValueError("must be scheme, host and port only: no path, query, fragment or login")
    return f"{parts.scheme}://{parts.netloc}"


def split_address(text: str) -> SplitResult | None:
    """The parts of an absolute address, or none for what isn't one."""
    try:
        parts = urlsplit(text)
        named = parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if named and not re.search(r"[\s\\]", text) else None


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _host(text: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z.:-]+", text):
        raise ValueError("must be an IP address or a host name, such as 127.0.0.1")
    return text


def _database_url(text: str) -> str:
    if text.startswith("sqlite:///"):
        path = text.removeprefix("sqlite:///")
        if not path or path.startswith(":memory:") or "?" in path or path.endswith("/"):
            raise ValueError("must name a file after sqlite:///, and nothing more")
        return text
    if text.startswith("postgresql://"):
        if not re.fullmatch(r"postgresql://[^/\s]*/[^/\s?]+(\?\S*)?", text):
            raise ValueError("must be of the form postgresql://login:password@host/database")
        return text
    raise ValueError("must begin with sqlite:/// or postgresql://")


def _token_database_url(text: str) -> str:
    return _database_url(text) if text else ""


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def _switch(text: str) -> bool:
    if text.lower() not in ("on", "off"):
        raise ValueError("must be on or off")
    return text.lower() == "on"


def _mail_server(text: str) -> str:
    shape = r"(?:[0-9A-Za-z.-]+|\[[0-9A-Fa-f:.]+\]):([1-9][0-9]{0,4})"
    found = re.fullmatch(shape, text)
    if text and (found is None or int(found[1]) > 65_535):
        raise ValueError("must be a host and its port, such as mail.example.edu.pl:587")
    return text


def _mail_security(text: str) -> str:
    if text.lower() not in MAIL_SECURITY:
        raise ValueError(f"must be one of {', '.join(MAIL_SECURITY)}")
    return text.lower()


def _mail_login(text: str) -> str:
    if not re.fullmatch(r"[!-~]*", text):
        raise ValueError("must be printable ASCII without spaces")
    return text


_ADDRESS = r"[0-9A-Za-z.!#$%&'*+/=?^_`{|}~-]+@[0-9A-Za-z.-]+"


def _mail_from(text: str) -> str:
    if text and not re.fullmatch(_ADDRESS, text):
        raise ValueError("must be one mail address, and nothing more")
    return text


def _mail_to(text: str) -> str:
    if text and not re.fullmatch(rf"{_ADDRESS}( *, *{_ADDRESS})*", text):
        raise ValueError("must be mail addresses with commas between them")
    return text


def _webhook_url(text: str) -> str:
    if not text:
        return text
    parts = split_address(text)
    if parts is None or parts.scheme not in ("https", "http"):
        raise ValueError("must be an address such as https://hooks.example.edu.pl/scim")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("must begin with https://; plain http is only for this machine itself")
    if "#" in text or "@" in parts.netloc or not text.isascii():
        raise ValueError("must be ASCII, without a login and without a fragment")
    return text


def _log_level(text: str) -> str:
    if text.upper() not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}")
    return text.upper()


@dataclass(frozen=True)
class Settings:
    """What an operator decides. Values given to the constructor are taken as they are, which is
    for tests and the demo; :meth:`load` is the door that checks.
    """

    public_url: str = _setting(
        "http://127.0.0.1:8000",
        "The address that clients reach this server at, as the reverse proxy publishes it.",
        _public_url,
    )
    database_url: str = _setting(
        "sqlite:///scim-server.db",
        "Where the directory is kept: `sqlite:///FILE` or `postgresql://LOGIN:PASSWORD@HOST/NAME`.",
        _database_url,
    )
    token_database_url: str = _setting(
        "",
        "Where access tokens are kept. Empty: on SQLite a second file beside the first, named "
        "`…-tokens.db`; on PostgreSQL the same database.",
        _token_database_url,
    )
    master_key: str = _setting(
        "",
        "The key that all other keys are derived from: 32 random bytes or more, as base64url "
        f"or in hexadecimal. Make one with `{NEW_KEY}`.",
        str,
        secret=True,
    )
    master_key_file: Path | None = _setting(  # noqa: RUF009 (the call makes a field)
        None,
        "A file that holds the master key, readable by its owner only. Give either this or the "
        "key itself.",
        _path,
    )
    previous_master_key: str = _setting(
        "",
        "The master key before this one, while it is being replaced: what it made is still "
        "recognised, and renewed at its next use.",
        str,
        secret=True,
    )
    previous_master_key_file: Path | None = _setting(  # noqa: RUF009
        None,
        "A file that holds the master key before this one. Give either this or the key itself.",
        _path,
    )
    host: str = _setting("127.0.0.1", "The address that the server listens on.", _host)
    port: int = _whole(8000, 1, 65_535, "The port that the server listens on.")
    workers: int = _whole(0, 0, 256, "Worker processes. 0: one for each processor core.")
    threads: int = _whole(
        0, 0, 64, "Threads of each worker process. 0: 1 on SQLite, 4 on PostgreSQL."
    )
    page_size_default: int = _whole(
        100, 1, 10_000, "Resources on a page when the client names no count."
    )
    page_size_max: int = _whole(1_000, 1, 10_000, "Most resources on a page, whatever is asked.")
    max_body_bytes: int = _whole(
        1_048_576, 1_024, 67_108_864, "Longest request body, in bytes; a longer one is refused."
    )
    max_json_depth: int = _whole(20, 4, 100, "Deepest nesting of a JSON request body.")
    max_query_bytes: int = _whole(16_384, 512, 65_536, "Longest query string, in bytes.")
    max_filter_bytes: int = _whole(4_096, 128, 65_536, "Longest SCIM filter, in bytes.")
    max_filter_depth: int = _whole(10, 1, 50, "Deepest nesting of a SCIM filter.")
    max_filter_terms: int = _whole(32, 1, 1_000, "Most comparisons in one SCIM filter.")
    max_attributes: int = _whole(
        64, 1, 1_000, "Most names in `attributes` or `excludedAttributes` of one request."
    )
    max_bulk_operations: int = _whole(1_000, 1, 10_000, "Most operations in one Bulk request.")
    max_patched_members: int = _whole(
        1_000, 1, 100_000,
        "A PATCH of the members of a group with more than so many is answered without the group.",
    )  # fmt: skip
    requests_per_second: int = _whole(
        50, 1, 100_000, "Requests a second that each client of a register unit may keep up."
    )
    request_burst: int = _whole(
        200, 1, 1_000_000, "Requests that a client which was silent may send at once."
    )
    proxies: int = _whole(
        0,
        0,
        10,
        "Reverse proxies in front that append to X-Forwarded-For: how the network of who fails "
        "to authenticate is known.",
    )
    long_lived_tokens: bool = _setting(
        False,
        "Whether bearer tokens that live up to a year may be issued and are accepted: `on` or "
        "`off`. For portals that know nothing better.",
        _switch,
    )
    audit_anchor_file: Path | None = _setting(  # noqa: RUF009
        None,
        "A file, best on another machine, that the end of the audit record is appended to.",
        _path,
    )
    mail_server: str = _setting(
        "",
        "The mail server that notices about credentials are handed to: host and port.",
        _mail_server,
    )
    mail_security: str = _setting(
        "starttls",
        "How the way to the mail server is protected: `starttls`, `tls`, or, on this machine "
        "alone, `none`.",
        _mail_security,
    )
    mail_login: str = _setting("", "The login at the mail server, if it wants one.", _mail_login)
    mail_password_file: Path | None = _setting(  # noqa: RUF009
        None,
        "A file that holds the password at the mail server, readable by its owner only.",
        _path,
    )
    mail_from: str = _setting("", "The address that notices are sent from.", _mail_from)
    mail_to: str = _setting(
        "", "The addresses that notices are sent to, with commas between them.", _mail_to
    )
    webhook_url: str = _setting(
        "",
        "The address that notices about credentials are posted to as JSON. Shown without its "
        "path, which may hold a token.",
        _webhook_url,
    )
    webhook_key_file: Path | None = _setting(  # noqa: RUF009
        None,
        "A file that holds the key which what is posted is signed with, readable by its owner "
        "only: 32 characters or more, which the receiver has too.",
        _path,
    )
    token_lifetime: int = _whole(
        3_600, 3_600, 21_600, "Seconds that an access token is valid for: one to six hours."
    )
    cursor_lifetime: int = _whole(
        600, 60, 86_400, "Seconds that the cursor of a next page is valid for."
    )
    max_deactivated_percent: int = _whole(
        10,
        0,
        100,
        "An import that would deactivate a larger share of a unit's people is refused.",
    )
    log_level: str = _setting(
        "INFO", f"The least grave lines to log: {', '.join(LOG_LEVELS)}.", _log_level
    )

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """The settings that ``environ`` and its settings file give, every one of them checked.

        Raises :class:`BadSettings` with a line for each problem: an unknown name, a value out of
        bounds, a missing or weak master key, a file that others can read, a variable that
        switches off a protection. No line holds a secret.
        """
        problems = list(_dangers(environ))
        given = dict(_from_file(environ, problems))
        given.update(_from_environment(environ, problems))
        values: dict[str, Any] = {}
        unreadable = []
        for one in fields(cls):
            if one.name in given:
                label, text = given[one.name]
                try:
                    values[one.name] = one.metadata["read"](text)
                except ValueError as expected:
                    unreadable.append(f"{label} {expected}.")
        settings = cls(**values)
        problems.extend([*unreadable, *_key_problems(settings)])
        if not unreadable:
            problems.extend(_misfits(settings))
        if problems:
            raise BadSettings("\n".join(problems))
        return settings

    @classmethod
    def from_env(cls) -> Settings:
        """The settings of this process; see :meth:`load`."""
        return cls.load(os.environ)

    def key_bytes(self) -> tuple[bytes, ...]:
        """The master keys, from wherever they are kept: the one in use, then the one before it,
        where that is given. Each has 32 bytes or more.
        """
        if not (self.master_key or self.master_key_file):
            raise BadSettings(
                "Give the master key either as SCIM_MASTER_KEY or in the file that "
                f"SCIM_MASTER_KEY_FILE names. Make one with: {NEW_KEY}"
            )
        current = _key(self.master_key, self.master_key_file, "SCIM_MASTER_KEY")
        if not (self.previous_master_key or self.previous_master_key_file):
            return (current,)
        before = _key(
            self.previous_master_key, self.previous_master_key_file, "SCIM_PREVIOUS_MASTER_KEY"
        )
        if before == current:
            raise BadSettings(
                "SCIM_PREVIOUS_MASTER_KEY is the master key itself. Remove it, or make a new "
                f"master key with: {NEW_KEY}"
            )
        return (current, before)

    def keys(self, purpose: str) -> Keys:
        """The keys for one purpose, that of the master key in use first."""
        return keys_for(purpose, self.key_bytes())

    def key(self, purpose: str) -> Key:
        """The key that is used for ``purpose`` from now on."""
        return self.keys(purpose)[0]

    @property
    def mail_host(self) -> tuple[str, int]:
        """The mail server's host and port."""
        host, _, port = self.mail_server.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def mail_recipients(self) -> list[str]:
        """The addresses that notices are sent to."""
        return [each.strip() for each in self.mail_to.split(",") if each.strip()]

    def mail_password(self) -> str:
        """The password at the mail server; raises :class:`BadSettings` where its file is wrong."""
        return _line(self.mail_password_file, "SCIM_MAIL_PASSWORD_FILE", 1)

    def webhook_key(self) -> bytes:
        """The key of signatures; raises :class:`BadSettings` where its file is wrong."""
        return _line(self.webhook_key_file, "SCIM_WEBHOOK_KEY_FILE", 32).encode()

    @property
    def on_sqlite(self) -> bool:
        """Whether the directory is kept in an SQLite file."""
        return self.database_url.startswith("sqlite:")

    @property
    def is_local(self) -> bool:
        """Whether clients reach the server on this machine alone."""
        return is_loopback(urlsplit(self.public_url).hostname or "")

    @property
    def token_store_url(self) -> str:
        """The database that access tokens are kept in, after the default is worked out."""
        if self.token_database_url or not self.on_sqlite:
            return self.token_database_url or self.database_url
        main = _sqlite_file(self.database_url)
        return f"sqlite:///{main.with_name(f'{main.stem}-tokens.db')}"

    @property
    def database_files(self) -> tuple[Path, ...]:
        """The SQLite files, the directory's first; empty on PostgreSQL."""
        urls = (self.database_url, self.token_store_url)
        return tuple(_sqlite_file(url) for url in urls if url.startswith("sqlite:"))

    @property
    def worker_count(self) -> int:
        """Worker processes, after the default is worked out."""
        return self.workers or os.cpu_count() or 1

    @property
    def thread_count(self) -> int:
        """Threads of each worker process, after the default is worked out."""
        return self.threads or (1 if self.on_sqlite else 4)

    def __repr__(self) -> str:
        shown = (f"{one.name}={_shown(self, one.name)!r}" for one in fields(self))
        return f"Settings({', '.join(shown)})"


class SettingRow(NamedTuple):
    """One setting as a person sees it; secrets and passwords in ``value`` are masked."""

    name: str
    value: str
    is_default: bool
    help: str


def describe(settings: Settings) -> list[SettingRow]:
    """A row for each setting, in the order of the reference page."""
    return [
        SettingRow(
            name=variable(one.name),
            value=_shown(settings, one.name),
            is_default=getattr(settings, one.name) == one.default,
            help=one.metadata["help"],
        )
        for one in fields(settings)
    ]


def variable(name: str) -> str:
    """The environment variable of the setting called ``name``."""
    return PREFIX + name.upper()


def _shown(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if name == "webhook_url":
        return _origin(value)
    metadata = Settings.__dataclass_fields__[name].metadata
    return "***" if metadata["secret"] else _without_password(str(value))


def _origin(url: str) -> str:
    """Scheme, host and port; what stands behind may be as good as a password."""
    parts = urlsplit(url)
    rest = parts.path.strip("/") or parts.query
    return f"{parts.scheme}://{parts.netloc}/" + ("***" if rest else "")


def _without_password(text: str) -> str:
    text = re.sub(r"(://[^:/@]*:).*@", r"\1***@", text)
    return re.sub(r"([?&][a-z]*password=)[^&]*", r"\1***", text)


def _dangers(environ: Mapping[str, str]) -> Iterator[str]:
    for name, reason in DANGEROUS.items():
        if name in environ:
            yield f"{name} is set; remove it: {reason}."


def _from_environment(environ: Mapping[str, str], problems: list[str]) -> Given:
    names = {variable(one.name): one.name for one in fields(Settings)}
    for key in sorted(environ):
        if key in names:
            yield names[key], (key, environ[key])
        elif key.startswith(PREFIX) and key != SETTINGS_FILE:
            problems.append(_unknown(key, key, [*names, SETTINGS_FILE]))


def _from_file(environ: Mapping[str, str], problems: list[str]) -> Given:
    if SETTINGS_FILE not in environ:
        return
    path = Path(environ[SETTINGS_FILE])
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as failure:
        problems.append(f"{SETTINGS_FILE}: {path} cannot be read: {failure.strerror}.")
        return
    except ValueError as failure:
        # The parser tells the place, and never more of the text than one character.
        problems.append(f"{SETTINGS_FILE}: {path} is not TOML in UTF-8: {failure}.")
        return
    known = [one.name for one in fields(Settings)]
    for key, value in table.items():
        label = f"{path}: {key}"
        if key not in known:
            problems.append(_unknown(label, key, known))
        elif isinstance(value, bool) or not isinstance(value, str | int):
            problems.append(f"{label} must be a text or a whole number.")
        else:
            yield key, (label, str(value))
    if _holds_secret(table) and _open_to(path, stat.S_IRWXG | stat.S_IRWXO):
        problems.append(f"{path} holds a secret and others can read it. Run: chmod 600 {path}")


def _holds_secret(table: Mapping[str, Any]) -> bool:
    urls = (str(table.get(name, "")) for name in ("database_url", "token_database_url"))
    keys = ("master_key", "previous_master_key", "webhook_url")
    return any(name in table for name in keys) or any(_without_password(url) != url for url in urls)


def _unknown(label: str, name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"{label} is not a setting; " + (f"did you mean {close[0]}?" if close else "remove it.")


def _misfits(settings: Settings) -> Iterator[str]:
    """What each setting alone can't tell: how they fit together, and the files they name."""
    if settings.page_size_default > settings.page_size_max:
        yield "SCIM_PAGE_SIZE_DEFAULT must not be larger than SCIM_PAGE_SIZE_MAX."
    if settings.token_store_url.startswith("sqlite:") != settings.on_sqlite:
        yield "SCIM_TOKEN_DATABASE_URL must be of the same kind as SCIM_DATABASE_URL."
    elif settings.on_sqlite and len(set(settings.database_files)) == 1:
        yield "SCIM_TOKEN_DATABASE_URL must name another file than SCIM_DATABASE_URL."
    yield from _mail_misfits(settings)
    yield from _webhook_misfits(settings)
    for path in settings.database_files:
        # The journals hold the same rows as the database itself.
        for one in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            if _open_to(one, stat.S_IRWXO):
                yield f"The database file {one} is open to every account. Run: chmod 600 {one}"


def _mail_misfits(settings: Settings) -> Iterator[str]:
    needed = (settings.mail_server, settings.mail_from, settings.mail_to)
    if any(needed) and not all(needed):
        yield "SCIM_MAIL_SERVER, SCIM_MAIL_FROM and SCIM_MAIL_TO belong together: give all or none."
        return
    if bool(settings.mail_login) != bool(settings.mail_password_file):
        yield "SCIM_MAIL_LOGIN and SCIM_MAIL_PASSWORD_FILE belong together: give both or none."
    elif not settings.mail_server:
        if settings.mail_login:
            yield "SCIM_MAIL_LOGIN is of no use without SCIM_MAIL_SERVER."
    elif settings.mail_security == "none" and not is_loopback(settings.mail_host[0]):
        yield (
            "SCIM_MAIL_SECURITY must be starttls or tls; none is only for a mail server on this "
            "machine itself."
        )
    elif settings.mail_login:
        yield from _unreadable(settings.mail_password)


def _webhook_misfits(settings: Settings) -> Iterator[str]:
    if bool(settings.webhook_url) != bool(settings.webhook_key_file):
        yield "SCIM_WEBHOOK_URL and SCIM_WEBHOOK_KEY_FILE belong together: give both or none."
    elif settings.webhook_url:
        yield from _unreadable(settings.webhook_key)


def _unreadable(read: Callable[[], object]) -> Iterator[str]:
    try:
        read()
    except BadSettings as problem:
        yield str(problem)


def _key_problems(settings: Settings) -> Iterator[str]:
    try:
        current, *_ = settings.key_bytes()
    except BadSettings as problem:
        yield str(problem)
        return
    # 32 random bytes hold about 30 different ones; a typed or repeated pattern holds few.
    if len(set(current)) < 16:
        yield f"The master key is a pattern, not random. Make one with: {NEW_KEY}"


def _key(text: str, file: Path | None, name: str) -> bytes:
    if text and file:
        raise BadSettings(
            f"{name} and {name}_FILE are both given. Keep one of them; a file is better."
        )
    if file is None:
        return _decoded(text, name)
    label = f"{name}_FILE: the file {file}"
    return _decoded(_private_text(file, label), label)


def _decoded(text: str, label: str) -> bytes:
    """The bytes of a key written in hexadecimal or as base64url."""
    # Hexadecimal digits are base64url too: without this order, a key of 64 digits that lost one
    # would pass as another key.
    bare = text.rstrip("=")
    try:
        if re.fullmatch(r"[0-9A-Fa-f]+", text):
            key = bytes.fromhex(text)
        else:
            key = base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except ValueError:
        key = b""
    if len(key) < 32:
        raise BadSettings(
            f"{label} holds no key of 32 bytes or more, written as base64url or in "
            f"hexadecimal. Make one with: {NEW_KEY}"
        )
    return key


def _line(file: Path | None, name: str, least: int) -> str:
    """The text of a private file, in printable ASCII and of ``least`` characters or more."""
    if file is None:
        raise BadSettings(f"Name the file with {name}.")
    label = f"{name}: the file {file}"
    text = _private_text(file, label)
    if len(text) < least or not (text.isascii() and text.isprintable()):
        raise BadSettings(
            f"{label} must hold one line of printable ASCII, of {least} or more characters."
        )
    return text


def _private_text(path: Path, label: str) -> str:
    try:
        if not path.is_file():
            raise BadSettings(f"{label} does not exist or is not a regular file.")
        if _open_to(path, stat.S_IRWXG | stat.S_IRWXO):
            raise BadSettings(f"{label} is open to other accounts. Run: chmod 600 {path}")
        return path.read_bytes().decode("ascii", "replace").strip()
    except OSError as failure:
        raise BadSettings(f"{label} cannot be read: {failure.strerror}.") from None


def _open_to(path: Path, others: int) -> bool:
    """Whether ``path`` exists and any of the mode bits ``others`` is set on it."""
    try:
        return bool(path.stat().st_mode & others)
    except OSError:
        return False


def _sqlite_file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))
