"""What each unit's authorization server and SCIM service say of themselves."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from scim_server.oauth.addresses import access_url, issuer, token_url
from scim_server.oauth.clients import READ, WRITE
from scim_server.oauth.endpoints import AUTH_METHODS
from scim_server.oauth.jwks import ALGORITHMS


def authorization_server(public_url: str, unit: str) -> dict[str, Any]:
    """RFC 8414 §2. There is no authorization endpoint; ``none`` is what it would answer with,
    since the list of response types is required.
    """
    server = issuer(public_url, unit)
    return AuthorizationServerMetadata(  # type: ignore[no-any-return]
        issuer=server,
        token_endpoint=token_url(public_url, unit),
        token_endpoint_auth_methods_supported=AUTH_METHODS,
        token_endpoint_auth_signing_alg_values_supported=list(ALGORITHMS),
        revocation_endpoint=f"{server}/oauth2/revoke",
        revocation_endpoint_auth_methods_supported=AUTH_METHODS,
        revocation_endpoint_auth_signing_alg_values_supported=list(ALGORITHMS),
        introspection_endpoint=f"{server}/oauth2/introspect",
        introspection_endpoint_auth_methods_supported=AUTH_METHODS,
        introspection_endpoint_auth_signing_alg_values_supported=list(ALGORITHMS),
        grant_types_supported=["client_credentials"],
        response_types_supported=["none"],
        scopes_supported=[READ, WRITE],
    )


def protected_resource(public_url: str, unit: str) -> dict[str, Any]:
    """RFC 9728 §2."""
    return {
        "resource": access_url(public_url, unit),
        "authorization_servers": [issuer(public_url, unit)],
        "scopes_supported": [READ, WRITE],
        "bearer_methods_supported": ["header"],
    }
