"""The token endpoint of the tenant: client credentials, with a secret or a signed assertion.

Errors have the form of Microsoft Entra: ``error`` as in RFC 6749 §5.2 and an AADSTS number.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, unquote_plus

from scim_server.clock import Clock
from scim_server.inbound.simulator.assertions import Assertions
from scim_server.inbound.simulator.errors import EntraError
from scim_server.inbound.simulator.messages import Answer, GraphError, Request
from scim_server.inbound.simulator.tenant import Tenant

SCOPE = "https://graph.microsoft.com/.default"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_NO_STORE = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}


class Tokens:
    """Gives tokens out and knows which are good."""

    def __init__(self, tenant: Tenant, clock: Clock) -> None:
        self._tenant, self._clock = tenant, clock
        self._assertions = Assertions(tenant, clock)
        self._live: dict[str, tuple[datetime, frozenset[str]]] = {}

    def answer(self, request: Request, tenant: str) -> Answer:
        """What the token endpoint of ``tenant`` says."""
        try:
            self._check(request, tenant)
        except EntraError as error:
            return error.answer(request, self._clock())
        life = self._tenant.token_life
        token = f"rehearsal.{secrets.token_urlsafe(48)}"
        ends = self._clock() + timedelta(seconds=life)
        self._live[token] = ends, frozenset(self._tenant.permissions)
        body = {
            "token_type": "Bearer", "expires_in": life, "ext_expires_in": life,
            "access_token": token,
        }  # fmt: skip
        return Answer(200, body, _NO_STORE)

    def _check(self, request: Request, tenant: str) -> None:
        if request.method != "POST":
            raise EntraError(900561, "The endpoint only accepts POST requests.")
        form = _form(request)
        if tenant.lower() not in (self._tenant.tenant_id, *self._tenant.domains):
            raise EntraError(90002, "No such tenant. Compare the tenant id.")
        for name in ("grant_type", "client_id", "scope"):
            if not form.get(name):
                raise EntraError(900144, f"The body must contain the parameter '{name}'.")
        if form["grant_type"] != "client_credentials":
            raise EntraError(
                70003, "The app asked for an unsupported grant type.", "unsupported_grant_type"
            )
        if form["client_id"] != self._tenant.client_id:
            raise EntraError(
                700016, "No application of this client_id in the tenant.", "unauthorized_client"
            )
        if form["scope"] != SCOPE:
            raise EntraError(
                70011, f"The value of 'scope' is not valid; it must be {SCOPE}.", "invalid_scope"
            )
        self._check_credential(form, request, tenant)

    def _check_credential(self, form: dict[str, str], request: Request, tenant: str) -> None:
        if "client_assertion" in form:
            if form.get("client_assertion_type") != ASSERTION_TYPE:
                raise EntraError(900144, f"client_assertion_type must be {ASSERTION_TYPE}.")
            endpoint = f"{request.base}/{tenant}/oauth2/v2.0/token"
            self._assertions.check(form["client_assertion"], endpoint)
        elif not form.get("client_secret"):
            raise EntraError(
                7000216, "'client_secret' or 'client_assertion' is required.", "invalid_client"
            )
        elif not hmac.compare_digest(form["client_secret"].encode(), self._tenant.secret.encode()):
            raise EntraError(
                7000215, "Invalid client secret; send its value, not its id.", "invalid_client"
            )

    def permissions(self, request: Request) -> frozenset[str]:
        """What the bearer of the request may do; 401 where its token is not good."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not token or scheme.lower() != "bearer":
            raise _unauthorized("Access token is empty.")
        if token not in self._live:
            raise _unauthorized("Access token validation failure.")
        ends, permissions = self._live[token]
        if self._clock() >= ends:
            raise _unauthorized("Access token has expired or is not yet valid.")
        return permissions

    def expire(self) -> None:
        """Let every token that was given out end now."""
        now = self._clock()
        self._live = {token: (now, may) for token, (_, may) in self._live.items()}


def _unauthorized(message: str) -> GraphError:
    return GraphError(401, "InvalidAuthenticationToken", message, {"WWW-Authenticate": "Bearer"})


def _form(request: Request) -> dict[str, str]:
    """The form's parameters, and the client's name and secret where they came by HTTP Basic."""
    if request.media_type != "application/x-www-form-urlencoded":
        return {}
    pairs = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    form = dict(pairs)
    if len(form) != len(pairs):
        raise EntraError(9000411, "A parameter stands in the body twice.")
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise EntraError(
                7000215, "The Basic credentials are malformed.", "invalid_client"
            ) from None
        form |= {"client_id": unquote_plus(name), "client_secret": unquote_plus(secret)}
    return form
