"""A pupil's phone number and e-mail address."""

from __future__ import annotations

import re

import phonenumbers

from scim_server.register.rules import BrokenRule

MAX_EMAIL = 254
# Lenient on purpose: international names, .local and single-label hosts are real addresses.
_EMAIL = re.compile(
    r"(?P<local>[^@\s\x00-\x1f\x7f-\x9f]+)@(?P<domain>(?!-)[\w-]{1,63}(?<!-)"
    r"(?:\.(?!-)[\w-]{1,63}(?<!-))*)"
)


def e164(phone: str) -> str:
    """``phone`` in the form of ITU-T E.164; a number without a country code is Polish.

    :raises BrokenRule: the text is no phone number, or no number of that numbering plan.
    """
    try:
        number = phonenumbers.parse(phone, "PL")
    except phonenumbers.NumberParseException:
        # The library's message may quote the number.
        raise BrokenRule("is not a phone number") from None
    if number.extension or not phonenumbers.is_valid_number(number):
        raise BrokenRule("is not a valid phone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def email_address(text: str) -> str:
    """``text`` if it has the shape of an e-mail address; it is not changed.

    :raises BrokenRule: no single ``@``, an empty part, a space, or over 254 characters.
    """
    if len(text) > MAX_EMAIL:
        raise BrokenRule(f"is longer than {MAX_EMAIL} characters")
    if not _EMAIL.fullmatch(text):
        raise BrokenRule("is not an e-mail address")
    return text
