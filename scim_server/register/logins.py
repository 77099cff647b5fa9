"""Logins of the register and the user principal names (UPN) that Entra ID makes of them."""

from __future__ import annotations

import unicodedata

from scim_server.directory.principal_names import broken_rule
from scim_server.register.rules import BrokenRule


def local_part(login: str, domain: str) -> str:
    """The part of a UPN before ``@``, from a login with or without ``@domain``.

    A login is taken as the register has it; nothing is transliterated.

    :raises BrokenRule: Entra would refuse the UPN, or the login names another domain.
    """
    local, at, named = login.rpartition("@")
    if not at:
        local = login
    elif named.casefold() != domain.casefold():
        raise BrokenRule("names a domain that is not the unit's")
    if (rule := broken_rule(local, domain)) is not None:
        raise BrokenRule(rule)
    return local


def fold_login(login: str) -> str:
    """The form in which two logins are the same login."""
    return unicodedata.normalize("NFKC", login).casefold()
