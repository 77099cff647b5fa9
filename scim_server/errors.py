"""Every failure that this program names, in one tree.

::

    Failure
    ├── Refused                 exit 1   a guard said no; nothing was changed
    ├── BadInput                exit 2   what the person gave is wrong; nothing was changed
    │   └── BadRecords                   records of a feed break rules, each with file, line, field
    ├── BadEnvironment          exit 3   settings, files or database stop the program
    │   ├── BadSettings
    │   ├── DatabaseUnavailable          a request meets it as 503
    │   ├── NotSent                      a channel didn't take notices
    │   └── NotPushed                    Microsoft didn't take what was pushed to it
    │       └── Unsettled                or did, for all that is known
    └── RequestFailed           HTTP     a request is answered with a status and a sentence
        ├── InvalidSyntax       400 invalidSyntax
        ├── InvalidFilter       400 invalidFilter
        ├── InvalidPath         400 invalidPath
        ├── InvalidValue        400 invalidValue
        ├── NoTarget            400 noTarget
        ├── TooMany             400 tooMany
        ├── WrongMutability     400 mutability
        ├── InvalidCursor       400 invalidCursor     (RFC 9865 §2)
        ├── ExpiredCursor       400 expiredCursor
        ├── InvalidCount        400 invalidCount
        ├── InvalidSelection    400           a field that a door was asked for and hasn't
        ├── Unauthenticated     401
        ├── Forbidden           403
        ├── NotFound            404
        ├── MethodNotAllowed    405
        ├── NotAcceptable       406
        ├── Conflict            409 uniqueness
        ├── BrokenReferences    409           bulkIds that refer to nothing
        ├── PreconditionFailed  412
        ├── PayloadTooLarge     413
        ├── UriTooLong          414
        ├── UnsupportedMedia    415
        ├── TooManyRequests     429
        ├── Fault               500   something that nobody foresaw
        ├── UnknownMethod       501
        ├── NotImplementedHere  501
        └── Unavailable         503

A sentence tells what happened, where, and what to do next. It never holds a personal value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class Failure(Exception):
    """The root: ``str()`` is the sentence for a person."""

    exit_code: ClassVar[int] = 3


class Refused(Failure):
    """A guard refused; the sentence names the figure and the flag that overrides it."""

    exit_code = 1


class BadInput(Failure):
    """The person's arguments or files are wrong."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule of one record: where it is and which rule, never the value."""

    file: str
    line: int
    column: str
    rule: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.column}: {self.rule}" if self.column else f"{place}: {self.rule}"


class BadRecords(BadInput):
    """Records that break rules. ``problems`` are listed in the order of the files; ``count`` tells
    how many there are where not all are listed, and ``remedy`` what to do about them.
    """

    def __init__(
        self,
        problems: Sequence[Problem],
        *,
        count: int | None = None,
        remedy: str = "Correct them, or import the rest with --skip-invalid.",
    ) -> None:
        self.problems = tuple(problems)
        found = len(self.problems) if count is None else count
        super().__init__(
            f"{found:,} problem{'s' if found != 1 else ''} in the files; nothing was changed. "
            f"{remedy}"
        )


class BadEnvironment(Failure):
    """Settings, files or the database keep the program from working."""

    exit_code = 3


class BadSettings(BadEnvironment):
    """A setting is missing, unknown, unsafe or of the wrong type."""


class DatabaseUnavailable(BadEnvironment):
    """The database does not answer, or its schema is not this program's."""


class NotSent(BadEnvironment):
    """A channel didn't take notices. ``kind`` tells why without an address, login or password."""

    def __init__(self, channel: str, kind: str) -> None:
        super().__init__(f"Nothing was sent by {channel}: {kind}.")
        self.kind = kind


class NotPushed(BadEnvironment):
    """Microsoft's side didn't take a request; what wasn't taken is pushed the next time."""


class Unsettled(NotPushed):
    """An answer of Microsoft's was lost, and so is whether it did what it was asked."""


class RequestFailed(Failure):
    """A request that is answered with ``status``, a SCIM ``scimType`` (or none) and a sentence."""

    status: ClassVar[int] = 400
    scim_type: ClassVar[str | None] = None

    def __init__(self, detail: str, headers: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = tuple(headers)


class InvalidSyntax(RequestFailed):
    scim_type = "invalidSyntax"


class InvalidFilter(RequestFailed):
    scim_type = "invalidFilter"


class InvalidPath(RequestFailed):
    scim_type = "invalidPath"


class InvalidValue(RequestFailed):
    scim_type = "invalidValue"


class NoTarget(RequestFailed):
    scim_type = "noTarget"


class TooMany(RequestFailed):
    scim_type = "tooMany"


class WrongMutability(RequestFailed):
    scim_type = "mutability"


class InvalidCursor(RequestFailed):
    scim_type = "invalidCursor"


class ExpiredCursor(RequestFailed):
    scim_type = "expiredCursor"


class InvalidCount(RequestFailed):
    scim_type = "invalidCount"


class InvalidSelection(RequestFailed):
    pass


class Unauthenticated(RequestFailed):
    status = 401


class Forbidden(RequestFailed):
    status = 403


class NotFound(RequestFailed):
    status = 404


class MethodNotAllowed(RequestFailed):
    status = 405


class NotAcceptable(RequestFailed):
    status = 406


class Conflict(RequestFailed):
    status = 409
    scim_type = "uniqueness"


class BrokenReferences(RequestFailed):
    status = 409


class PreconditionFailed(RequestFailed):
    status = 412


class PayloadTooLarge(RequestFailed):
    status = 413


class UriTooLong(RequestFailed):
    status = 414


class UnsupportedMedia(RequestFailed):
    status = 415


class TooManyRequests(RequestFailed):
    status = 429


class Fault(RequestFailed):
    status = 500


class UnknownMethod(RequestFailed):
    status = 501


class NotImplementedHere(RequestFailed):
    status = 501


class Unavailable(RequestFailed):
    status = 503
