"""The connectors of School Data Sync in Microsoft Graph (beta): found by address, made, tried, and
given another credential.

A POST whose answer is lost may have made a connector. So before another one leaves, the list is
read and looked through for the same address.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from scim_server.errors import NotPushed, Unsettled
from scim_server.inbound.session import Session, TryAgain, told_by, unexpected
from scim_server.inbound.transport import Answer
from scim_server.inbound.waiting import Random, back_off

_LONGEST_WAIT = 120.0
"""Asked to wait longer, a command ends instead: a person sits before it."""

_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,16}Z")

_WHAT_TO_CHECK = {
    400: "It doesn't take the request as it is: check the id of the source system.",
    403: "The app may not do this: grant it IndustryData-DataConnector.ReadWrite.All as an "
    "application permission, with an administrator's consent.",
    404: "There is no such source system or connector in the tenant, or no School Data Sync.",
    409: "Something in the tenant is in the way, such as a connector of the same name for another "
    "address: look through its connectors.",
}

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Connector:
    """``client_id`` is whom it signs in as here. ``is_valid`` is what Microsoft says of that, None
    where it says nothing, and ``last_valid`` when it last succeeded, if it ever did.
    """

    id: str
    client_id: str | None
    is_valid: bool | None
    last_valid: str | None

    @property
    def was_tried(self) -> bool:
        """Whether Microsoft signed in with it, and could the last time."""
        return self.is_valid is True and self.last_valid is not None


class Connectors:
    """Those of one tenant. ``sleep`` is given seconds.

    Every method raises :class:`~scim_server.errors.NotPushed` where Microsoft doesn't do what it is
    asked; the sentence never holds anything of the request.
    """

    def __init__(self, session: Session, sleep: Callable[[float], object], random: Random) -> None:
        self._session, self._sleep, self._random = session, sleep, random
        self._url = f"{session.base}/beta/external/industryData/dataConnectors"

    def find(self, wanted: Mapping[str, Any]) -> Connector | None:
        """The connector for the address that ``wanted`` is for, whoever made it, or none."""
        return self._answered(lambda: self._find(wanted))

    def make(self, wanted: Mapping[str, Any]) -> Connector:
        """Make the connector: once, however often an answer is lost.

        Raises :class:`~scim_server.errors.Unsettled` where it may have been made for all that is
        known; after any other failure it wasn't.
        """
        body = json.dumps(wanted).encode()
        return self._settled(
            lambda: _made(self._session.ask("POST", self._url, body)), lambda: self._find(wanted)
        )

    def replace_credential(self, connector: Connector, wanted: Mapping[str, Any]) -> Connector:
        """Have the connector sign in with the credential of ``wanted`` from now on.

        Raises :class:`~scim_server.errors.Unsettled` where it may do so for all that is known;
        after any other failure it goes on with the credential that it had.
        """
        changed = {name: wanted[name] for name in ("@odata.type", "credential")}
        url, body = f"{self._url}/{connector.id}", json.dumps(changed).encode()

        def ask() -> Connector:
            answer = self._session.ask("PATCH", url, body)
            if not 200 <= answer.status < 300:
                raise unexpected(answer, _WHAT_TO_CHECK)
            return connector

        # Done twice it is the same, and nothing that could be read tells whether it was done.
        return self._settled(ask, None)

    def ask_to_try(self, connector: Connector) -> None:
        """Let Microsoft sign in here with the connector's credential, some time from now."""
        url = f"{self._url}/{connector.id}/validate"

        def ask() -> None:
            answer = self._session.ask("POST", url)
            if answer.status != 202:
                raise unexpected(answer, _WHAT_TO_CHECK)

        self._answered(ask)

    def _settled(
        self, ask: Callable[[], Connector], look: Callable[[], Connector | None] | None
    ) -> Connector:
        """What comes of a request that may have been carried out where its answer is lost; then
        ``look`` comes before the next.
        """
        is_sent = is_open = False
        why = ""
        for pause in back_off(self._random):
            try:
                self._session.sign_in()
                if is_open and look and (found := look()) is not None:
                    return found
                is_sent = True
                return ask()
            except TryAgain as again:
                why, is_open = str(again), is_sent
                if not self._waited(pause, again):
                    break
            except NotPushed as failure:
                if is_open:
                    raise _unsettled(str(failure)) from None
                raise
        if not is_open:
            raise _unanswered(why)
        return self._last_look(look, why)

    def _last_look(self, look: Callable[[], Connector | None] | None, why: str) -> Connector:
        """After the last try nobody knows whether it was the one that succeeded."""
        if look is None:
            raise _unsettled(f"Microsoft Graph didn't answer ({why}).")
        try:
            self._session.sign_in()
            found = look()
        except (TryAgain, NotPushed):
            raise _unsettled(f"Microsoft Graph didn't answer ({why}).") from None
        if found is None:
            raise _unanswered(why)
        return found

    def _find(self, wanted: Mapping[str, Any]) -> Connector | None:
        matching = (_connector(each) for each in self._listed() if _is_for(each, wanted))
        return next((each for each in matching if each is not None), None)

    def _listed(self) -> Iterator[Mapping[str, Any]]:
        page: str | None = self._url
        while page is not None:
            listed, page = self._session.page(page, _WHAT_TO_CHECK)
            yield from (each for each in listed if isinstance(each, dict))

    def _answered(self, ask: Callable[[], Found]) -> Found:
        """What comes of a request that may be repeated."""
        why = ""
        for pause in back_off(self._random):
            try:
                self._session.sign_in()
                return ask()
            except TryAgain as again:
                why = str(again)
                if not self._waited(pause, again):
                    break
        raise _unanswered(why)

    def _waited(self, pause: float, again: TryAgain) -> bool:
        """Wait, unless that would take too long."""
        seconds = max(pause, again.seconds)
        if seconds > _LONGEST_WAIT:
            return False
        self._sleep(seconds)
        return True


def _unanswered(why: str) -> NotPushed:
    return NotPushed(f"Microsoft Graph didn't answer ({why}). Nothing was done; try again later.")


def _unsettled(what: str) -> Unsettled:
    return Unsettled(f"{what} An answer was lost, so it may have been done all the same.")


def _made(answer: Answer) -> Connector:
    if not 200 <= answer.status < 300:
        raise unexpected(answer, _WHAT_TO_CHECK)
    found = _connector(told_by(answer))
    if found is None:
        raise Unsettled(f"Microsoft Graph answered {answer.status}, but told no connector's id.")
    return found


def _connector(told: Mapping[str, Any]) -> Connector | None:
    """None where it has no id that can stand in an address."""
    id, credential = told.get("id"), told.get("credential")
    if not isinstance(id, str) or not _ID.fullmatch(id):
        return None
    said: Mapping[str, Any] = credential if isinstance(credential, dict) else {}
    client, valid, last = (said.get(each) for each in ("clientId", "isValid", "lastValidDateTime"))
    return Connector(
        id,
        client if isinstance(client, str) else None,
        valid if isinstance(valid, bool) else None,
        last if isinstance(last, str) and _TIME.fullmatch(last) else None,
    )


def _is_for(told: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether it is for the same address, or where it tells none, of the same type and name."""
    if isinstance(address := told.get("baseUrl"), str):
        return _plain(address) == _plain(wanted["baseUrl"])
    names = ("@odata.type", "displayName")
    return all(told.get(name) == wanted[name] for name in names)


def _plain(address: str) -> str:
    """Microsoft takes an address with a slash at its end or without."""
    return address.rstrip("/").lower()
