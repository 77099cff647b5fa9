"""Logins and the rules of Entra ID for user principal names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_server.register.logins import fold_login, local_part
from scim_server.register.rules import BrokenRule
from tests.register.made_up import DOMAIN

ALLOWED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'.-_!#^~"
good = st.text(ALLOWED, min_size=1, max_size=64).filter(lambda text: text.strip(".") == text)


@given(good)
def test_an_allowed_login_is_taken_as_it_is(login: str) -> None:
    assert local_part(login, DOMAIN) == login


@given(good, st.sampled_from([DOMAIN, DOMAIN.upper(), "Sp12.Example.PL"]))
def test_the_units_own_domain_is_stripped(login: str, domain: str) -> None:
    assert local_part(f"{login}@{domain}", DOMAIN) == login


@given(good, st.sampled_from(["example.com", "", "x" + DOMAIN, DOMAIN + ".pl"]))
def test_another_domain_is_refused(login: str, domain: str) -> None:
    with pytest.raises(BrokenRule, match="not the unit's"):
        local_part(f"{login}@{domain}", DOMAIN)


@given(st.text(max_size=70))
def test_what_passes_obeys_entra(login: str) -> None:
    try:
        local = local_part(login, DOMAIN)
    except BrokenRule:
        return
    assert re.fullmatch(r"[A-Za-z0-9'._!#^~-]{1,64}", local)
    assert not local.startswith(".")
    assert not local.endswith(".")
    assert len(f"{local}@{DOMAIN}") <= 113


@pytest.mark.parametrize("login", ["", "@" + DOMAIN])
def test_a_login_is_not_empty(login: str) -> None:
    with pytest.raises(BrokenRule, match="nothing before"):
        local_part(login, DOMAIN)


@pytest.mark.parametrize("login", ["żaneta.łoś", "Łucja", "zofiaą", "олена", "andré"])
def test_letters_with_diacritics_are_named_not_transliterated(login: str) -> None:
    with pytest.raises(BrokenRule, match="diacritic"):
        local_part(login, DOMAIN)


@pytest.mark.parametrize("sign", [*' "$%&()*+,/:;<=>?[\\]`{|}@١–'])
def test_signs_that_entra_does_not_take_are_refused(sign: str) -> None:
    with pytest.raises(BrokenRule, match="may hold only"):
        local_part(f"a{sign}b@{DOMAIN}", DOMAIN)


@pytest.mark.parametrize("login", [".anna", "anna.", "."])
def test_a_login_does_not_begin_or_end_with_a_dot(login: str) -> None:
    with pytest.raises(BrokenRule, match="dot"):
        local_part(login, DOMAIN)


def test_a_login_has_at_most_64_characters() -> None:
    assert local_part("a" * 64, DOMAIN)
    with pytest.raises(BrokenRule, match="64"):
        local_part("a" * 65, DOMAIN)


def test_a_upn_has_at_most_113_characters() -> None:
    domain = "d" * 45 + ".pl"
    assert len(f"{local_part('a' * 64, domain)}@{domain}") == 113
    with pytest.raises(BrokenRule, match="domain longer than 48"):
        local_part("a", "d" * 46 + ".pl")


@given(good)
def test_logins_are_one_whatever_their_case(login: str) -> None:
    assert fold_login(login.upper()) == fold_login(login.lower())
    assert fold_login("ａnna") == fold_login("ANNA")
