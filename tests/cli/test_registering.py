"""``sds register --send`` and ``sds rotate``: a secret is made, goes to Microsoft alone, and ends
if it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scim_server.audit import entries
from scim_server.database import open_database
from scim_server.inbound.connectors import Connectors
from scim_server.oauth import credentials
from tests.cli.test_inbound import School, published
from tests.inbound.double import Double
from tests.school import AUDIT_KEYS


def app_of(double: Double, secret: Path) -> list[str]:
    """The options that name the tenant's app, whose secret is in a file."""
    return [
        "--tenant", double.tenant.tenant_id, "--graph-client-id", double.tenant.client_id,
        "--secret-file", str(secret), "--login-url", double.login, "--graph-url", double.login,
    ]  # fmt: skip


class Registering(School):
    """The unit ``sp12`` of which a school publishes, and a tenant."""

    def send(self, *more: str, code: int = 0, by: list[str] | None = None) -> str:
        system = self.double.tenant.source_system_id
        chosen = ["sds", "register", "sp12", "--source-system", system, "--send"]
        return self.shell(*chosen, *(self.app() if by is None else by), *more, code=code).output

    def rotate(self, *more: str, code: int = 0) -> str:
        return self.shell("sds", "rotate", "sp12", *self.app(), *more, code=code).output

    def app(self) -> list[str]:
        return app_of(self.double, self.shell.folder / "secret")

    @property
    def secrets(self) -> list[str]:
        """What is told of each secret that ever was."""
        listed = self.shell("credentials", "list", "sp12", "--all").stdout
        return [line for line in listed.splitlines() if "sp12-" in line]

    @property
    def sent(self) -> list[dict[str, Any]]:
        url = f"sqlite:///{self.shell.folder}/school.db"
        database = open_database(url, audit_keys=AUDIT_KEYS)
        try:
            with database.read() as connection:
                found = entries(connection, unit="sp12", action="sds.sent")
                return [each["facts"] for each in found]
        finally:
            database.close()

    @property
    def given(self) -> list[str]:
        """The secrets that reached Microsoft."""
        bodies = [each.body for each in self.double.calls if each.body]
        return [each["credential"]["clientSecret"] for each in bodies if "credential" in each]


@pytest.fixture
def school(tmp_path: Path) -> Iterator[Registering]:
    with published(tmp_path, "LO 3") as (shell, double), pytest.MonkeyPatch.context() as patch:
        patch.setattr("scim_server.cli.registering.sleep", lambda _: None)
        double.simulator.connectors.sign_in = lambda _: True
        yield Registering(shell, double)


def test_a_secret_is_made_sent_and_never_shown(school: Registering) -> None:
    """Red when the secret is printed, or another than a live one of the client is sent."""
    printed = school.send()
    (made,) = school.double.connectors
    assert f"The connector was made: {made['id']}" in printed
    assert made["baseUrl"].endswith("/sp12/ims/oneroster/v1p1")
    assert made["credential"]["tokenUrl"].endswith("/sp12/oauth2/token")
    (secret,) = school.given
    assert re.fullmatch(r"uonet_cs_\w{8}_\w{49}", secret)
    assert secret not in printed
    assert school.double.tenant.secret not in printed
    (listed,) = school.secrets
    (name,) = names(school.given)
    assert listed.startswith(f"sp12  {name} of {made['credential']['clientId']}: active")
    assert school.sent == [
        {
            "tenant": school.double.tenant.tenant_id,
            "source_system": school.double.tenant.source_system_id,
            "client": made["credential"]["clientId"], "secret": name, "outcome": "made",
            "connector": made["id"],
        }
    ]  # fmt: skip


def test_a_connector_that_exists_is_told_and_no_secret_is_made(school: Registering) -> None:
    """Red when ``send`` doesn't look before it makes a secret."""
    assert "asked to try it now" in school.send()
    printed = school.send()
    (made,) = school.double.connectors
    assert f"There is a connector for this address already: {made['id']}" in printed
    assert re.search(r"Microsoft signed in here with its credential, last 20\d\d-", printed)
    assert len(school.secrets) == len(school.sent) == 1


def test_what_microsoft_couldn_t_do_is_told_with_what_to_look_at(school: Registering) -> None:
    for signs_in, told in (
        (False, "hasn't signed in here yet, or couldn't"),
        (True, "hasn't signed in here yet, or couldn't"),
        (False, "signed in here with its credential, last 20"),
    ):
        school.double.simulator.connectors.sign_in = lambda _, yes=signs_in: yes  # type: ignore[misc]
        assert told in school.send()
    (made,) = school.double.connectors
    made["credential"]["isValid"] = False
    printed = school.send()
    assert "couldn't sign in here the last time; it could on 20" in printed
    assert "credentials list sp12" in printed
    assert "asked to try it now" in printed


def test_a_secret_that_microsoft_refused_is_ended(school: Registering) -> None:
    """Red when ``_note`` doesn't revoke: a secret nobody knows would live on."""
    school.double.fail_next(503, on="connectors")  # met by the first look, which is repeated
    system = school.double.tenant.source_system_id
    refused = school.shell(
        "sds", "register", "sp12", "--source-system", f"{system}0", "--send", *school.app(), code=3
    )
    assert "404" in refused.stderr
    assert not school.double.connectors
    (listed,) = school.secrets
    assert "revoked" in listed
    assert [each["outcome"] for each in school.sent] == ["refused"]
    assert school.given[0] not in refused.output


def test_where_nobody_knows_the_secret_lives_on_and_the_next_run_looks(
    school: Registering,
) -> None:
    """Red when a lost answer counts as a refusal: the connector that was made couldn't sign in."""
    real = credentials.issue

    def issue_and_fail(*arguments: Any, **terms: Any) -> Any:
        school.double.fail_next("lost", on="connectors")
        school.double.fail_next("cut", times=9, on="connectors")
        return real(*arguments, **terms)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(credentials, "issue", issue_and_fail)
        printed = school.send(code=3)
    assert "may have been done" in printed
    (listed,) = school.secrets
    assert "active" in listed
    (name,) = names(school.given)
    assert f"credentials revoke sp12 {name} --force" in printed
    assert [each["outcome"] for each in school.sent] == ["unknown"]
    assert "There is a connector for this address already" in school.send()
    assert len(school.double.connectors) == len(school.secrets) == 1


def test_a_command_that_is_interrupted_names_the_secret_that_it_may_have_sent(
    school: Registering,
) -> None:
    """Red when only failures of Microsoft's are looked after: Ctrl-C would leave a secret of which
    nobody was told.
    """
    real = credentials.issue

    def issue_and_fail(*arguments: Any, **terms: Any) -> Any:
        school.double.fail_next(503, on="connectors")
        return real(*arguments, **terms)

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(credentials, "issue", issue_and_fail)
        patch.setattr("scim_server.cli.registering.sleep", interrupt)
        printed = school.send(code=1)
    (listed,) = school.secrets
    assert "active" in listed
    assert f"credentials revoke sp12 {school.given[0].split('_')[2]}" in printed
    assert [each["outcome"] for each in school.sent] == ["unknown"]


def test_the_app_of_the_push_asks_unless_another_is_named(school: Registering) -> None:
    assert "Say who asks at Microsoft" in school.send(code=2, by=[])
    school.configure()
    school.send(by=[])
    assert len(school.double.connectors) == 1


def test_before_a_decision_nothing_is_made_or_sent(school: Registering) -> None:
    """Red when ``_check`` doesn't ask whether a school publishes."""
    school.shell("consent", "sp12", "off", "--school", "LO 3", "--by", "dyrektor", "--yes")
    assert "a director has to decide" in school.send(code=1)
    assert not school.double.calls
    assert not school.secrets


def test_an_address_of_this_machine_isn_t_told_to_microsoft(school: Registering) -> None:
    """Red when ``_check`` doesn't ask where the server's public address is."""
    away = [each for each in school.app() if each != school.double.login]
    away = [each for each in away if each not in ("--login-url", "--graph-url")]
    assert "Microsoft can't reach http://127.0.0.1" in school.send(code=2, by=away)
    assert not school.secrets


@pytest.mark.parametrize("more", [["--tenant", "x.example.pl"], ["--certificate-file", "x"]])
def test_an_app_is_named_whole_or_not_at_all(school: Registering, more: list[str]) -> None:
    assert "exactly one of" in school.send(code=2, by=more)


def test_without_send_nothing_is_sent(school: Registering) -> None:
    """Red when the options that name an app are taken for a wish to send."""
    school.shell("credentials", "issue", "sp12")
    chosen = ["sds", "register", "sp12", "--source-system", "S-1"]
    assert "CLIENT_SECRET" in school.shell(*chosen).stdout
    assert "only with --send" in school.shell(*chosen, *school.app(), code=2).stderr
    assert not school.double.calls


def test_a_connector_shares_its_client_with_no_other_secret(school: Registering) -> None:
    """A client has two at most: of two that are in use, none could be replaced. Red when
    ``_check_has_no_secret`` isn't asked.
    """
    school.shell("credentials", "issue", "sp12")
    (listed,) = school.secrets
    refused = school.send(code=1)
    assert not school.double.connectors
    assert "client add sp12 sds" in refused
    assert f"credentials revoke sp12 {listed.split()[1]} --force" in refused
    school.shell("client", "add", "sp12", "sds")
    school.send("--client", "sds")
    assert len(school.double.connectors) == 1
    school.rotate()
    school.shell("credentials", "rotate", "sp12", "--client", "main")
    assert len(school.secrets) == 4


def names(texts: list[str]) -> list[str]:
    return [each.split("_")[2] for each in texts]


def test_a_rotation_gives_the_connector_a_secret_and_the_old_one_goes_on_for_a_week(
    school: Registering,
) -> None:
    """Red when ``_replace`` ends the old secret, or doesn't have it end."""
    school.shell("client", "add", "sp12", "other")
    school.shell("client", "add", "sp12", "sds")
    others = school.shell("credentials", "issue", "sp12", "--client", "other", "--json").stdout
    school.send("--client", "sds")
    before = dict(school.double.connectors[0])
    sent_before = school.sent
    printed = school.rotate()
    (after,) = school.double.connectors
    old, new = names(school.given)
    assert {**after, "credential": None} == {**before, "credential": None}
    assert after["credential"]["clientId"] == before["credential"]["clientId"]
    assert school.double.simulator.connectors.secrets == {after["id"]: school.given[1]}
    assert f"has a new secret, {new}" in printed
    assert f"The secret {old} before it works until" in printed
    assert "asked to try it now" in printed
    assert not [each for each in school.given if each in printed]
    states = {line.split()[1]: line for line in school.secrets}
    assert "superseded" in states[old]
    assert "active" in states[new]
    (untouched,) = [state for name, state in states.items() if name not in (old, new)]
    assert "active" in untouched
    assert untouched.split()[1] in others
    assert school.sent[:-1] == sent_before
    assert (school.sent[-1]["outcome"], school.sent[-1]["secret"]) == ("replaced", new)
    assert "two live secrets" in school.rotate(code=1)  # until the first of them ended


@pytest.mark.parametrize("is_open", [False, True])
def test_a_rotation_that_fails_stops_no_secret_that_microsoft_may_hold(
    school: Registering, is_open: bool
) -> None:
    """Red when the old secret is superseded before Microsoft took the new one, or the new one is
    ended where nobody knows whether it did.
    """
    school.send()
    real = Connectors.replace_credential

    def meddle(*arguments: Any) -> Any:
        if is_open:
            school.double.fail_next("lost", times=9, on="connectors")
        else:
            school.double.simulator.connectors.all.clear()
        return real(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connectors, "replace_credential", meddle)
        printed = school.rotate(code=3)
    states = {line.split()[1]: line for line in school.secrets}
    (old,) = names(school.given)[:1]
    (new,) = [each for each in states if each != old]
    assert "active" in states[old]
    assert ("active" if is_open else "revoked") in states[new]
    assert (f"credentials revoke sp12 {new}\n" in printed) is is_open
    assert school.sent[-1]["outcome"] == ("unknown" if is_open else "refused")


def test_a_rotation_needs_a_connector_that_signs_in_as_a_client_of_the_unit(
    school: Registering,
) -> None:
    """Red when ``_client_of`` takes the client that is named for the connector's: another one's
    secret would end in a week.
    """
    assert "sds register sp12 --source-system ID --send" in school.rotate(code=1)
    school.send()
    school.shell("client", "add", "sp12", "other")
    assert "signs in as another client" in school.rotate("--client", "other", code=1)
    (made,) = school.double.connectors
    own, made["credential"]["clientId"] = made["credential"]["clientId"], None
    assert "several clients" in school.rotate(code=2)
    made["credential"]["clientId"] = "lo3-x"
    assert "signs in as another client" in school.rotate(code=1)
    assert len(school.secrets) == 1
    made["credential"]["clientId"] = own
    assert "has a new secret" in school.rotate()
