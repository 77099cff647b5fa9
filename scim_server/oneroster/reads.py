"""What answers a GET: an object, or a page of a collection."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from scim_server.audit.disclosures import Disclosures
from scim_server.directory.rosters import Rosters
from scim_server.errors import Forbidden, NotFound
from scim_server.http.exchange import Answer, Call
from scim_server.http.negotiation import chosen
from scim_server.oneroster.addresses import DEMOGRAPHICS, Target, target
from scim_server.oneroster.failures import MEDIA_TYPE
from scim_server.oneroster.links import links
from scim_server.oneroster.members import check_selection, members
from scim_server.oneroster.objects import Finished, Shown
from scim_server.oneroster.parameters import Parameters, from_query
from scim_server.oneroster.reading import Reading
from scim_server.oneroster.versions import Version

Handler = Callable[[Call], Answer]
_NOTHING = "There is nothing at this address."


class Reads:
    """Handlers of reads. ``terms`` is how many comparisons a filter may have."""

    def __init__(
        self, rosters: Rosters, disclosures: Disclosures, *, public_url: str, terms: int
    ) -> None:
        self._rosters, self._disclosures = rosters, disclosures
        self._public_url, self._terms = public_url, terms

    def below(self, version: Version, base: str) -> Handler:
        """Answers whatever is asked for below ``base`` of a unit."""

        def answer(call: Call) -> Answer:
            found = target(call.arguments["rest"])
            if call.unit_grant.kind != "register" or found is None:
                raise NotFound(_NOTHING)
            call.rule = f"/<unit>/{base}/{found.pattern}"
            if found.collection == DEMOGRAPHICS:
                raise Forbidden("No demographics are published: the register's list of what may "
                                "leave it has none.")  # fmt: skip
            media = chosen(call.header("Accept"), (MEDIA_TYPE,))
            asked = from_query(call.query, terms=self._terms)
            address = f"{self._public_url}/{call.unit_grant.unit}/{base}"
            reading = Reading(self._rosters, version, address, call.unit_grant.unit_id)
            if found.id is not None:
                return self._one(call, reading, found, found.id, asked, media)
            return self._page(call, reading, found, asked, media)

        return answer

    def _one(
        self, call: Call, reading: Reading, found: Target, id: str, asked: Parameters, media: str
    ) -> Answer:
        shown = check_selection(asked.fields, members(reading.version, found.collection))
        one = reading.one(found.collection, id)
        if one is None:
            raise NotFound(f"There is no {found.wrapper} with this sourcedId.")
        self._note(call, reading)
        body = orjson.dumps({found.wrapper: _select(one, shown)})
        return Answer(200, body, [("Content-Type", media)], count=1)

    def _page(
        self, call: Call, reading: Reading, found: Target, asked: Parameters, media: str
    ) -> Answer:
        shown = check_selection(asked.fields, members(reading.version, found.collection))
        listed, total = reading.page(found, asked)
        self._note(call, reading)
        body = orjson.dumps({found.wrapper: [_select(each, shown) for each in listed]})
        link = links(f"{reading.base}/{call.arguments['rest']}", call.query, asked, total)
        headers = [("Content-Type", media), ("X-Total-Count", str(total)), ("Link", link)]
        return Answer(200, body, headers, count=len(listed))

    def _note(self, call: Call, reading: Reading) -> None:
        """Remember what is given to whom; HEAD gives nothing of it."""
        if call.method != "HEAD":
            grant = call.unit_grant
            self._disclosures.note(grant.unit_id, grant.client_id, sorted(reading.given))


def _select(one: Shown, shown: frozenset[str] | None) -> Shown:
    if shown is None:
        return one
    object = orjson.loads(orjson.dumps(one)) if isinstance(one, Finished) else one
    return {name: value for name, value in object.items() if name in shown}
