"""What a client may do with a token of its own: end it (RFC 7009), and ask about it (RFC 7662).

To a client, a token of another's is one that doesn't exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Request
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

AUTH_METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt"]
"""How a client may prove who it is, at every endpoint."""


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """Answers 200 whether there was such a token or not (RFC 7009 §2.2)."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def authenticate_token(self, request: OAuth2Request, client: Any) -> str | None:
        token = _token(request)
        return token if self.server.tokens.belongs(token, client.id) else None

    def revoke_token(self, token: str, _request: OAuth2Request) -> None:
        self.server.tokens.forget(token)


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    """Tells of a token what a request with it would be told at this moment."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def authenticate_token(self, request: OAuth2Request, client: Any) -> Mapping[str, Any] | None:
        token = _token(request)
        if not self.server.tokens.belongs(token, client.id):
            return None
        return self.server.tokens.describe(token)  # type: ignore[no-any-return]

    def create_introspection_payload(self, token: Mapping[str, Any] | None) -> Mapping[str, Any]:
        return {"active": True, "token_type": "Bearer", **token} if token else {"active": False}


def _token(request: OAuth2Request) -> str:
    """The token that is meant. There is one kind, so a hint is not needed, nor looked at
    (RFC 7009 §2.1).
    """
    token = request.form.get("token")
    if not token:
        raise InvalidRequestError("The parameter token is missing.")
    return str(token)
