"""The token endpoint: client credentials (RFC 6749 §4.4) on Authlib.

What Authlib leaves open is closed here: one and the same answer for an unknown client and a wrong
secret, both credentials accepted only when they agree, no repeated parameters, no parameters in
the query, no unknown scope, a lifetime of our own, and no secret or token in a log.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.flask_oauth2.requests import (
    FlaskOAuth2Payload,
    FlaskOAuth2Request,
)
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    ClientMixin,
    InvalidClientError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Request,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from flask import Flask, Response, g, request
from sqlalchemy import Text, bindparam, select

from scim_server.audit.refusals import Refusals
from scim_server.clock import Clock, stamp
from scim_server.database import Database
from scim_server.directory.tables import unit
from scim_server.keys import Keys
from scim_server.oauth.assertions import Assertions, Holder
from scim_server.oauth.clients import READ, ROSTER_SCOPES
from scim_server.oauth.endpoints import AUTH_METHODS, Introspection, Revocation
from scim_server.oauth.issuers import Issuers
from scim_server.oauth.rates import Rates, network_of
from scim_server.oauth.renewals import Renewals
from scim_server.oauth.secrets import digests, is_among
from scim_server.oauth.tables import client, credential
from scim_server.oauth.tokens import Tokens

_LONGEST_CLIENT_ID = 64

# Authlib writes the token that it issues to this log at DEBUG.
logging.getLogger("authlib").setLevel(logging.INFO)


@dataclass(slots=True)
class Client(ClientMixin):  # type: ignore[misc]
    """A registered client as Authlib sees it during one request; ``used`` is the secret given, or
    the trust that let it in.
    """

    id: str
    unit_id: int
    kind: str
    scope: str
    disabled: bool
    publishes: bool
    live: dict[str, str]
    keys: Keys
    renewals: Renewals
    used: str = ""

    def get_client_id(self) -> str:
        return self.id

    def get_allowed_scope(self, scope: str | None) -> str:
        allowed = self.scope.split()
        asked = self.meant_by(scope) or allowed
        return " ".join(each for each in asked if each in allowed)

    def meant_by(self, scope: str | None) -> list[str]:
        """The scopes asked for, under their names here."""
        renamed = ROSTER_SCOPES if self.kind == "register" else ()
        named = (READ if each in renamed else each for each in (scope or "").split())
        return list(dict.fromkeys(named))

    def check_client_secret(self, client_secret: str) -> bool:
        # Once, however many secrets are live: how long it takes must not tell.
        found = digests(self.keys, client_secret)
        for id, kept in self.live.items():
            if is_among(kept, found):
                self.used = id
                self.renewals.note(id, kept, client_secret)
        return bool(self.used) and not self.disabled

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in AUTH_METHODS

    def check_grant_type(self, grant_type: str) -> bool:
        return bool(grant_type == "client_credentials")


class _Grant(ClientCredentialsGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def validate_requested_scope(self) -> None:
        client = self.request.client
        if set(client.meant_by(self.request.payload.scope)) - set(client.scope.split()):
            self.server.note_refusal("scope")
            raise InvalidScopeError(description="The client may not have that scope.")
        if not client.publishes:
            self.server.note_refusal("publishes nothing")
            raise UnauthorizedClientError(
                description="No school of this unit publishes: its director has not decided "
                "'Synchronizacja z Office 365 = Tak', or has withdrawn it."
            )


class _Request(FlaskOAuth2Request):  # type: ignore[misc]
    """The request at its public address: never what the Host header says."""

    def __init__(self, public_url: str) -> None:
        OAuth2Request.__init__(
            self, method=request.method, uri=public_url + request.path, headers=request.headers
        )
        self._request = request
        self.payload = FlaskOAuth2Payload(request)


@dataclass(frozen=True, slots=True)
class Guard:
    """What stands around the endpoints: rates, the record of refusals, and digests to renew.

    ``proxies`` and ``is_local`` tell how the network of a request is known.
    """

    rates: Rates
    refusals: Refusals
    renewals: Renewals
    proxies: int
    is_local: bool


class TokenEndpoint(AuthorizationServer):  # type: ignore[misc]
    """Answers ``POST /{unit}/oauth2/token``, ``/revoke`` and ``/introspect``; a view for each."""

    def __init__(
        self,
        app: Flask,
        database: Database,
        tokens: Tokens,
        *,
        guard: Guard,
        keys: Keys,
        clock: Clock,
        public_url: str,
    ) -> None:
        self._guard = guard
        self._database, self.tokens, self._keys, self._clock = database, tokens, keys, clock
        self._public_url = public_url
        self._rows = database.reader.prepare(
            select(
                client.c.unit_id, unit.c.kind, client.c.scope, client.c.disabled,
                unit.c.publishes, credential.c.id, credential.c.digest,
            )
            .join(unit, unit.c.id == client.c.unit_id)
            .join(credential, credential.c.client_id == client.c.id)
            .where(
                client.c.id == bindparam("client", type_=Text()),
                unit.c.name == bindparam("unit_name", type_=Text()),
                credential.c.kind == "secret",
                credential.c.revoked.is_(None),
                credential.c.expires > bindparam("now", type_=Text()),
            )
        )  # fmt: skip
        super().__init__(app, self._client, self._save)
        assertions = Assertions(
            database, Issuers(clock), clock=clock, public_url=public_url, admit=self._trusted
        )
        self.register_client_auth_method(Assertions.CLIENT_AUTH_METHOD, assertions)
        self.register_token_generator("default", self._generate)
        self.register_grant(_Grant)
        self.register_endpoint(Revocation)
        self.register_endpoint(Introspection)

    def respond(self, unit: str) -> Response:
        """RFC 6749 §5: a token, or an error with the status that belongs to it."""
        return self._checked(self.create_token_response)

    def revoke(self, unit: str) -> Response:
        """RFC 7009 §2: the client's own token is refused from the next request on."""
        return self._checked(partial(self.create_endpoint_response, Revocation.ENDPOINT_NAME))

    def introspect(self, unit: str) -> Response:
        """RFC 7662 §2, for a client's own tokens."""
        return self._checked(partial(self.create_endpoint_response, Introspection.ENDPOINT_NAME))

    def _checked(self, answer: Callable[[], Response]) -> Response:
        try:
            self._check_form()
        except OAuth2Error as error:
            return self.handle_error_response(None, error)  # type: ignore[no-any-return]
        return answer()

    def create_oauth2_request(self, _request: Any) -> _Request:
        return _Request(self._public_url)

    def authenticate_client(
        self, request: Any, methods: list[str], endpoint: str = "token"
    ) -> Client:
        """One answer to every failure, so that nobody learns which clients there are."""
        try:
            self._check_agreement()
            found: Client = super().authenticate_client(request, methods, endpoint)
        except InvalidClientError:
            self._note_failure()
            raise InvalidClientError(
                status_code=401, description="Client authentication failed."
            ) from None
        self._guard.rates.admit(found.id, found.kind)
        return found

    def note_refusal(self, reason: str) -> None:
        """Count a refusal, for the record; of whom, where the client is one of the unit's."""
        unit_name, client_id = g.get("known", (None, None))
        self._guard.refusals.note(unit_name, client_id, reason)

    def _note_failure(self) -> None:
        """Raises :class:`~scim_server.errors.TooManyRequests` for one failure too many."""
        self.note_refusal("authentication")
        guard = self._guard
        network = network_of(request.environ, guard.proxies, is_local=guard.is_local)
        guard.rates.fail(g.get("asked", ""), network)

    def _check_form(self) -> None:
        if request.mimetype != "application/x-www-form-urlencoded":
            raise InvalidRequestError("Send application/x-www-form-urlencoded.")
        if request.args:
            raise InvalidRequestError("Send the parameters in the body, not in the address.")
        for name in request.form:
            if len(request.form.getlist(name)) > 1:
                raise InvalidRequestError("A parameter is repeated.")

    def _check_agreement(self) -> None:
        """Entra can be told to send credentials both ways; then both must be the same. An
        assertion comes alone.

        A Basic header that can't be read is refused here: Authlib reads it without a guard.
        """
        header = request.headers.get("Authorization")
        body = (request.form.get("client_id"), request.form.get("client_secret"))
        if {"client_assertion", "client_assertion_type"} & set(request.form):
            if (header, body[1]) != (None, None):
                raise InvalidClientError
            return
        if header is None:
            return
        scheme, _, value = header.partition(" ")
        if scheme.lower() != "basic":
            raise InvalidClientError
        try:
            name, _, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
        except ValueError:
            raise InvalidClientError from None
        if not (name and secret) or (body[1] is not None and (name, secret) != body):
            raise InvalidClientError

    def _client(self, client_id: str) -> Client | None:
        """The client of the unit in the path, with its live secrets; an empty one for no client,
        so that a wrong secret and an unknown client take the same way.
        """
        unit_name = (request.view_args or {})["unit"]
        rows = []
        if len(client_id) <= _LONGEST_CLIENT_ID and "\0" not in client_id + unit_name:
            asked = {"client": client_id, "unit_name": unit_name, "now": stamp(self._clock())}
            rows = self._database.reader.rows(self._rows, asked)
        g.asked = client_id
        if rows:
            g.known = (unit_name, client_id)
        nobody = (0, "", "", True, False)
        unit_id, kind, scope, disabled, publishes = rows[0][:5] if rows else nobody
        live = {row[5]: row[6] for row in rows} or {"": "0" * 64}
        return Client(
            client_id, unit_id, kind, scope, bool(disabled), bool(publishes), live, self._keys,
            self._guard.renewals,
        )  # fmt: skip

    def _trusted(self, held: Holder) -> Client:
        """The client that a trust lets in; it has no secret to compare."""
        return Client(
            held.client_id, held.unit_id, held.kind, held.scope, bool(held.disabled),
            bool(held.publishes), {}, self._keys, self._guard.renewals, used=held.trust_id,
        )  # fmt: skip

    def _generate(self, client: Client, scope: str | None = None, **_: Any) -> dict[str, Any]:
        allowed = client.get_allowed_scope(scope)
        token = self.tokens.issue(
            unit_id=client.unit_id, client_id=client.id, secret_id=client.used, scope=allowed
        )
        # By the names that were asked for (RFC 6749 §5.1): all of them were granted, or none.
        asked = " ".join(dict.fromkeys(request.form.get("scope", "").split()))
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": self.tokens.lifetime,
            "scope": asked or allowed,
        }

    def _save(self, _token: dict[str, Any], _request: Any) -> None:
        """The token is stored when it is made, as a digest."""
