"""Logins of the register and the user principal names (UPN) that Entra ID makes of them.

Source of the rules: Microsoft, "Username policies" of Entra ID and "Prepare for directory
synchronization" of Microsoft 365.
"""

from __future__ import annotations

import re
import unicodedata

from scim_server.register.rules import MAX_DOMAIN, BrokenRule

MAX_LOCAL = 64
_ALLOWED = re.compile(r"[A-Za-z0-9'.\-_!#^~]+")


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
    _check(local, domain)
    return local


def _check(local: str, domain: str) -> None:
    if not local:
        raise BrokenRule("has nothing before the @")
    if any(not letter.isascii() and letter.isalpha() for letter in local):
        raise BrokenRule(
            "has a letter with a diacritic or of another alphabet; Entra takes only a-z and A-Z. "
            "Change the login in the register, it is not transliterated here"
        )
    if not _ALLOWED.fullmatch(local):
        raise BrokenRule("may hold only letters, digits and ' . - _ ! # ^ ~")
    if local.startswith(".") or local.endswith("."):
        raise BrokenRule("must not begin or end with a dot")
    if len(local) > MAX_LOCAL:
        raise BrokenRule(f"is longer than {MAX_LOCAL} characters")
    # With the @ between them, these two limits are the 113 characters of a whole UPN.
    if len(domain) > MAX_DOMAIN:
        raise BrokenRule(f"belongs to a domain longer than {MAX_DOMAIN} characters")


def fold_login(login: str) -> str:
    """The form in which two logins are the same login."""
    return unicodedata.normalize("NFKC", login).casefold()
