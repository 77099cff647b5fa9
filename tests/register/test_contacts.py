"""Phone numbers and e-mail addresses of pupils."""

from __future__ import annotations

import pytest

from scim_server.register.contacts import e164, email_address
from scim_server.register.rules import BrokenRule


@pytest.mark.parametrize(
    ("written", "phone"),
    [
        ("512345678", "+48512345678"),
        ("512 345 678", "+48512345678"),
        ("512-345-678", "+48512345678"),
        ("+48 512 345 678", "+48512345678"),
        ("0048512345678", "+48512345678"),
        ("(12) 345 67 89", "+48123456789"),
        ("+380 50 123 4567", "+380501234567"),
    ],
)
def test_a_phone_becomes_e164_and_is_polish_without_a_country_code(
    written: str, phone: str
) -> None:
    assert e164(written) == phone


@pytest.mark.parametrize("written", ["brak", "12", "+48 512 345 67", "999 999 999", "+999 1234567",
    "512345678 wew. 12", "512345678 ext. 12"])  # fmt: skip
def test_what_is_no_valid_number_is_refused_without_telling_it(written: str) -> None:
    with pytest.raises(BrokenRule) as refusal:
        e164(written)
    assert written not in str(refusal.value)
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


@pytest.mark.parametrize("address", ["anna@example.com", "a.b+c@poczta.example.pl", "a@localhost",
    "a@serwer.local", "ą@żółw.example", "o'k@xn--w-uga1v8h.example", "a@1.example"])  # fmt: skip
def test_an_address_is_taken_leniently_and_as_it_is(address: str) -> None:
    assert email_address(address) == address


@pytest.mark.parametrize("address", ["anna", "@example.com", "anna@", "a@b@example.com",
    "a b@example.com", "a@exam ple.com", "a@example..com", "a@.example", "a@example.",
    "a@-x.example", "a@x-.example", "a\x7f@example.com", "a@" + "x" * 64 + ".pl"])  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(BrokenRule, match="not an e-mail address"):
        email_address(address)


def test_an_address_has_at_most_254_characters() -> None:
    assert email_address("a" * 242 + "@example.com")
    with pytest.raises(BrokenRule, match="254"):
        email_address("a" * 243 + "@example.com")
