"""Signing in with a signed assertion instead of a secret (RFC 7521 §4.2, RFC 7523 §3).

A client signs for itself with a key that was registered, or an issuer that the unit trusts, such
as Microsoft Entra, speaks for it. What is cheap is looked at first, and a key is looked for only
for an assertion that nothing else is wrong with. Every failure is the same answer; the log tells
which it was.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from authlib.oauth2.rfc6749 import InvalidClientError, OAuth2Request
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from flask import g, request
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwt import ClaimsOption, JWTClaimsRegistry
from sqlalchemy import Text, bindparam, select

from scim_server.clock import Clock
from scim_server.database import Database
from scim_server.directory.tables import unit
from scim_server.directory.units import NAME
from scim_server.oauth.addresses import issuer, token_url
from scim_server.oauth.issuers import Issuers
from scim_server.oauth.jwks import ALGORITHMS, chosen, registered_keys
from scim_server.oauth.replays import UsedAssertions
from scim_server.oauth.tables import client, credential
from scim_server.oauth.trusts import KIND, Terms

_LONGEST = 8_192
"""Characters of an assertion; Entra's have about 1,500."""

_LEEWAY = 60
"""Seconds that the clocks of both sides may be apart."""

_LIFE = 600
_FEDERATED_LIFE = 86_400
"""Most seconds to the end of an assertion: a client signs one for each token, an issuer may hand
the same one out for hours.
"""

_NEEDED = ClaimsOption(essential=True)
_signatures = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
_log = logging.getLogger("scim_server.assertions")


class Holder(NamedTuple):
    """A client that a trust lets in, as the database has it."""

    trust_id: str
    client_id: str
    unit_id: int
    kind: str
    scope: str
    disabled: bool
    publishes: bool


class Assertions(JWTBearerClientAssertion):  # type: ignore[misc]
    """Authlib's ``private_key_jwt``, with the client found by issuer, subject and audience within
    the unit of the path, and the clock, the algorithms and the memory of our own.

    ``admit`` makes of a holder what Authlib takes for a client.
    """

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(
        self,
        database: Database,
        issuers: Issuers,
        *,
        clock: Clock,
        public_url: str,
        admit: Callable[[Holder], Any],
    ) -> None:
        super().__init__(leeway=_LEEWAY)
        self._database, self._issuers, self._clock = database, issuers, clock
        self._public_url, self._admit = public_url, admit
        self._used = UsedAssertions(database, clock)
        self._trusts = database.reader.prepare(
            select(
                credential.c.terms, credential.c.id, client.c.id, client.c.unit_id, unit.c.kind,
                client.c.scope, client.c.disabled, unit.c.publishes,
            )
            .join(client, client.c.id == credential.c.client_id)
            .join(unit, unit.c.id == client.c.unit_id)
            .where(
                unit.c.name == bindparam("unit_name", type_=Text()),
                credential.c.kind == KIND,
                credential.c.revoked.is_(None),
            )
        )  # fmt: skip

    def __call__(self, _query_client: Any, asked: OAuth2Request) -> Any:
        """The client, or none where no assertion was sent. Raises Authlib's InvalidClientError."""
        if asked.form.get("client_assertion_type") != self.CLIENT_ASSERTION_TYPE:
            return None
        try:
            return self._admit(self._holder(asked.form))
        except InvalidClientError as why:
            _log.info("assertion refused: %s", why.description)
            raise

    def get_audiences(self) -> list[str]:
        """What a client may name this unit's authorization server by (RFC 7523 §3)."""
        own = (self._public_url, _unit_name())
        return [issuer(*own), token_url(*own)]

    def validate_jti(self, claims: Mapping[str, Any], jti: str) -> bool:
        """Whether the assertion wasn't used before."""
        return self._used.claim(claims["iss"], jti, math.ceil(claims["exp"]) + _LEEWAY)

    def extract_assertion(self, assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The header and the claims, unchecked but for their form."""
        if len(assertion) > _LONGEST:
            raise InvalidClientError(description="too long")
        try:
            header, claims = super().extract_assertion(assertion)
        except (ValueError, TypeError, AttributeError, RecursionError):
            raise InvalidClientError(description="malformed") from None
        if not isinstance(header, dict) or header.get("alg") not in ALGORITHMS:
            raise InvalidClientError(description="its algorithm isn't taken")
        if "crit" in header or not isinstance(header.get("kid", ""), str):
            raise InvalidClientError(description="its header isn't understood")
        return header, claims

    def verify_claims(self, claims: dict[str, Any]) -> None:
        """Hold what every assertion needs: its form, and its time by our clock."""
        try:
            JWTClaimsRegistry(
                now=self._now, leeway=_LEEWAY, iss=_NEEDED, sub=_NEEDED, aud=_NEEDED, exp=_NEEDED
            ).validate(claims)
        except JoseError as wrong:
            raise InvalidClientError(description=wrong.description) from None
        if claims.get("jti") == "":
            raise InvalidClientError(description="its jti is empty")

    def _holder(self, form: Mapping[str, str]) -> Holder:
        assertion = form.get("client_assertion", "")
        header, claims = self.extract_assertion(assertion)
        self.verify_claims(claims)
        # Failures are counted by who is claimed to ask, alike whether there is such a client.
        g.asked = json.dumps([claims["iss"], claims["sub"]])
        for terms, holder in self._trusting(claims):
            if form.get("client_id", holder.client_id) != holder.client_id:
                raise InvalidClientError(description="it is of another client than client_id")
            self._check_terms(terms, claims)
            if self._is_signed(assertion, terms, header.get("kid")):
                if holder.disabled:
                    raise InvalidClientError(description="its client is disabled")
                if "jti" in claims and not self.validate_jti(claims, claims["jti"]):
                    raise InvalidClientError(description="it was used before")
                return holder
        raise InvalidClientError(description="no key of the trust signed it")

    def _trusting(self, claims: Mapping[str, Any]) -> list[tuple[Terms, Holder]]:
        """The unit's trusts for this issuer, subject and audience; they are all of one client."""
        name = _unit_name()
        rows = self._database.reader.rows(self._trusts, {"unit_name": name}) if name else ()
        known = [(Terms.stored(stored), Holder(*held)) for stored, *held in rows]
        named = (claims["iss"], claims["sub"])
        speaking = [each for each in known if (each[0].issuer, each[0].subject) == named]
        if not speaking:
            raise InvalidClientError(description="no trust of the unit has its issuer and subject")
        found = [each for each in speaking if self._is_meant(each[0], claims["aud"])]
        if not found:
            raise InvalidClientError(description="its audience isn't that of the trust")
        g.known = (name, found[0][1].client_id)  # for the record of refusals
        return found

    def _is_meant(self, terms: Terms, audience: Any) -> bool:
        """Whether ``audience`` is the one of the trust and no more: an assertion that is meant for
        somebody else as well could be passed on.
        """
        if isinstance(audience, list):
            audience = audience[0] if len(audience) == 1 else None
        expected = self.get_audiences() if terms.audience is None else [terms.audience]
        return audience in expected

    def _check_terms(self, terms: Terms, claims: Mapping[str, Any]) -> None:
        """A client makes each assertion for one use. An issuer may leave the ``jti`` out, and an
        assertion of its is then good until its end.
        """
        if not terms.is_federated and "jti" not in claims:
            raise InvalidClientError(description="it has no jti")
        life = _FEDERATED_LIFE if terms.is_federated else _LIFE
        if claims["exp"] > self._now() + life + _LEEWAY:
            raise InvalidClientError(description="its end is too far ahead")

    def _is_signed(self, assertion: str, terms: Terms, kid: str | None) -> bool:
        """Whether a key of the trust signed it. What the header says of keys, but for the name of
        one, is not looked at.
        """
        key = chosen(self._keys(terms, kid), kid)
        if key is None:
            return False
        try:
            jws.deserialize_compact(assertion, key, registry=_signatures)
        except (JoseError, ValueError, TypeError):
            return False
        return True

    def _keys(self, terms: Terms, kid: str | None) -> tuple[Any, ...]:
        if "jwks" in terms.keys:
            return registered_keys(terms.keys["jwks"])
        address = terms.issuer if terms.is_federated else terms.keys["jwks_url"]
        return self._issuers.keys(address, discover=terms.is_federated, kid=kid)

    def _now(self) -> int:
        return int(self._clock().timestamp())


def _unit_name() -> str:
    """The unit of the path, or nothing for what can't be one."""
    name = str((request.view_args or {})["unit"])
    return name if NAME.fullmatch(name) else ""
