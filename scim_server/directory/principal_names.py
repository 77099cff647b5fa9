"""User principal names (UPN): what Entra ID takes as one.

Source of the rules: Microsoft, "Username policies" of Entra ID and "Prepare for directory
synchronization" of Microsoft 365.
"""

from __future__ import annotations

import re

MAX_LOCAL = 64
MAX_DOMAIN = 48
_ALLOWED = re.compile(r"[A-Za-z0-9'.\-_!#^~]+")


def broken_rule(local: str, domain: str) -> str | None:
    """The rule that ``local@domain`` breaks, as the end of a sentence, or none."""
    if not local:
        return "has nothing before the @"
    if any(not letter.isascii() and letter.isalpha() for letter in local):
        return (
            "has a letter with a diacritic or of another alphabet; Entra takes only a-z and A-Z. "
            "Change the login in the register, it is not transliterated here"
        )
    if not _ALLOWED.fullmatch(local):
        return "may hold only letters, digits and ' . - _ ! # ^ ~"
    if local.startswith(".") or local.endswith("."):
        return "must not begin or end with a dot"
    if len(local) > MAX_LOCAL:
        return f"is longer than {MAX_LOCAL} characters"
    # With the @ between them, these two limits are the 113 characters of a whole UPN.
    if len(domain) > MAX_DOMAIN:
        return f"belongs to a domain longer than {MAX_DOMAIN} characters"
    return None
