"""Settings: unsafe, unknown and misspelt ones stop the start; the reference page tells them all."""

from __future__ import annotations

import dataclasses
import os
import re
import secrets
from pathlib import Path

import pytest

from scim_server.errors import BadSettings
from scim_server.settings import Settings, describe, variable

KEY = secrets.token_urlsafe(32)
PAGE = Path(__file__).parent.parent / "docs" / "reference" / "settings.md"
FIELDS = dataclasses.fields(Settings)
NUMBERS = [one for one in FIELDS if "min" in one.metadata]


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative database files are looked for in an empty folder, never in the source tree."""
    monkeypatch.chdir(tmp_path)


def load(**environ: str) -> Settings:
    return Settings.load({"SCIM_MASTER_KEY": KEY, **environ})


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(BadSettings) as refused:
        Settings.load(environ)
    return str(refused.value).splitlines()


def private(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


class TestValues:
    def test_a_master_key_is_all_that_a_start_needs(self) -> None:
        settings = load()

        assert settings == Settings(master_key=KEY)
        assert settings.port == 8000

    def test_the_process_environment_is_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in [name for name in os.environ if name.startswith("SCIM_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("SCIM_MASTER_KEY", KEY)
        monkeypatch.setenv("SCIM_PORT", "8443")

        assert Settings.from_env().port == 8443

    def test_variables_of_other_programs_are_nothing_to_us(self) -> None:
        assert load(PATH="/bin", SCIMITAR="sharp") == load()

    @pytest.mark.parametrize(
        ("url", "kept"),
        [
            ("https://scim.sp12.example.pl/", "https://scim.sp12.example.pl"),
            ("https://scim.sp12.example.pl:8443", "https://scim.sp12.example.pl:8443"),
            ("http://localhost:8000", "http://localhost:8000"),
            ("http://127.9.9.9", "http://127.9.9.9"),
            ("http://[::1]:8000/", "http://[::1]:8000"),
        ],
    )
    def test_a_public_url_is_kept_without_its_last_slash(self, url: str, kept: str) -> None:
        assert load(SCIM_PUBLIC_URL=url).public_url == kept

    @pytest.mark.parametrize("one", NUMBERS, ids=lambda one: one.name)
    @pytest.mark.parametrize("bound", ["min", "max"])
    def test_a_number_may_touch_its_bounds(self, one: dataclasses.Field[int], bound: str) -> None:
        # The default page has to fit into the largest one, whichever of the two is tried.
        environ = {"SCIM_PAGE_SIZE_DEFAULT": "1", "SCIM_PAGE_SIZE_MAX": "10000"}
        environ[variable(one.name)] = str(one.metadata[bound])

        assert getattr(load(**environ), one.name) == one.metadata[bound]

    def test_a_log_level_may_be_written_small(self) -> None:
        assert load(SCIM_LOG_LEVEL="debug").log_level == "DEBUG"


class TestDefaultsThatDepend:
    def test_tokens_lie_in_a_second_file_beside_the_directory(self) -> None:
        settings = load(SCIM_DATABASE_URL="sqlite:////srv/scim/register.db")

        assert settings.token_store_url == "sqlite:////srv/scim/register-tokens.db"
        assert settings.database_files == (
            Path("/srv/scim/register.db"),
            Path("/srv/scim/register-tokens.db"),
        )

    def test_a_relative_database_stays_relative(self) -> None:
        assert load().token_store_url == "sqlite:///scim-server-tokens.db"

    def test_tokens_share_the_database_on_postgresql(self) -> None:
        settings = load(SCIM_DATABASE_URL="postgresql://scim@db/scim")

        assert settings.token_store_url == settings.database_url
        assert settings.database_files == ()

    def test_tokens_go_where_the_operator_says(self) -> None:
        settings = load(SCIM_TOKEN_DATABASE_URL="sqlite:///elsewhere.db")

        assert settings.token_store_url == "sqlite:///elsewhere.db"

    @pytest.mark.parametrize(
        ("url", "threads"), [("sqlite:///a.db", 1), ("postgresql://scim@db/scim", 4)]
    )
    def test_threads_follow_the_database_until_they_are_set(self, url: str, threads: int) -> None:
        assert load(SCIM_DATABASE_URL=url).thread_count == threads
        assert load(SCIM_DATABASE_URL=url, SCIM_THREADS="7").thread_count == 7

    def test_workers_follow_the_cores_until_they_are_set(self) -> None:
        assert load().worker_count == (os.cpu_count() or 1)
        assert load(SCIM_WORKERS="3").worker_count == 3


class TestRefusedValues:
    @pytest.mark.parametrize(
        ("name", "value", "sentence"),
        [
            ("SCIM_PUBLIC_URL", "", "must be an address"),
            ("SCIM_PUBLIC_URL", "scim.example.pl", "must be an address"),
            ("SCIM_PUBLIC_URL", "ftp://scim.example.pl", "must be an address"),
            ("SCIM_PUBLIC_URL", "https://", "must be an address"),
            ("SCIM_PUBLIC_URL", "https://scim.example.pl:99999", "must be an address"),
            ("SCIM_PUBLIC_URL", "https://scim .example.pl", "must be an address"),
            ("SCIM_PUBLIC_URL", "http://scim.example.pl", "must begin with https://"),
            ("SCIM_PUBLIC_URL", "http://127.0.0.1.example.pl", "must begin with https://"),
            ("SCIM_PUBLIC_URL", "http://localhost.example.pl", "must begin with https://"),
            ("SCIM_PUBLIC_URL", "http://10.0.0.1", "must begin with https://"),
            ("SCIM_PUBLIC_URL", "https://example.pl/scim", "no path"),
            ("SCIM_PUBLIC_URL", "https://example.pl?a=1", "no path, query"),
            ("SCIM_PUBLIC_URL", "https://example.pl/#top", "no path, query, fragment"),
            ("SCIM_PUBLIC_URL", "https://me:pw@example.pl", "or login"),
            ("SCIM_DATABASE_URL", "", "must begin with sqlite:/// or postgresql://"),
            ("SCIM_DATABASE_URL", "mysql://db/scim", "must begin with sqlite:///"),
            ("SCIM_DATABASE_URL", "postgresql+psycopg2://db/scim", "must begin with sqlite:///"),
            ("SCIM_DATABASE_URL", "sqlite://", "must begin with sqlite:///"),
            ("SCIM_DATABASE_URL", "sqlite:///", "must name a file"),
            ("SCIM_DATABASE_URL", "sqlite:///:memory:", "must name a file"),
            ("SCIM_DATABASE_URL", "sqlite:///a.db?mode=ro", "must name a file"),
            ("SCIM_DATABASE_URL", "sqlite:////srv/", "must name a file"),
            ("SCIM_DATABASE_URL", "postgresql://db", "must be of the form"),
            ("SCIM_DATABASE_URL", "postgresql://db/", "must be of the form"),
            ("SCIM_TOKEN_DATABASE_URL", "redis://db", "must begin with sqlite:///"),
            ("SCIM_TOKEN_DATABASE_URL", "postgresql://db/scim", "must be of the same kind"),
            ("SCIM_TOKEN_DATABASE_URL", "sqlite:///scim-server.db", "must name another file"),
            ("SCIM_TOKEN_DATABASE_URL", "sqlite:///./scim-server.db", "must name another file"),
            ("SCIM_HOST", "", "must be an IP address or a host name"),
            ("SCIM_HOST", "127.0.0.1/8", "must be an IP address or a host name"),
            ("SCIM_LOG_LEVEL", "LOUD", "must be one of DEBUG, INFO, WARNING, ERROR"),
            ("SCIM_PORT", "", "must be a whole number"),
            ("SCIM_PORT", "80.5", "must be a whole number"),
            ("SCIM_PORT", "1_000", "must be a whole number"),
            ("SCIM_PORT", "٨٠٠٠", "must be a whole number"),
            pytest.param("SCIM_PORT", "9" * 5000, "must be a whole number", id="long"),
            ("SCIM_MAIL_SERVER", "mail.example.pl", "must be a host and its port"),
            ("SCIM_MAIL_SERVER", "mail.example.pl:0", "must be a host and its port"),
            ("SCIM_MAIL_SERVER", "mail.example.pl:65536", "must be a host and its port"),
            ("SCIM_MAIL_SERVER", "smtp://mail.example.pl:25", "must be a host and its port"),
            ("SCIM_MAIL_SERVER", "mail.example.pl:25", "give all or none"),
            ("SCIM_MAIL_SECURITY", "ssl", "must be one of starttls, tls, none"),
            ("SCIM_MAIL_LOGIN", "a b", "must be printable ASCII"),
            ("SCIM_MAIL_LOGIN", "it", "give both or none"),
            ("SCIM_MAIL_FROM", "IT <it@example.pl>", "must be one mail address"),
            ("SCIM_MAIL_FROM", "it@example.pl\nBcc: x@example.com", "must be one mail address"),
            ("SCIM_MAIL_TO", "it@example.pl;x@example.pl", "must be mail addresses"),
            ("SCIM_MAIL_TO", "it@example.pl\n", "must be mail addresses"),
            ("SCIM_WEBHOOK_URL", "hooks.example.pl", "must be an address"),
            ("SCIM_WEBHOOK_URL", "http://hooks.example.pl/", "must begin with https://"),
            ("SCIM_WEBHOOK_URL", "https://me:pw@hooks.example.pl/", "without a login"),
            ("SCIM_WEBHOOK_URL", "https://hooks.example.pl/#a", "without a fragment"),
            ("SCIM_WEBHOOK_URL", "https://hooks.example.pl/", "give both or none"),
            ("SCIM_TOKEN_LIFETIME", "3599", "must be a whole number from 3600 to 21600"),
            ("SCIM_PAGE_SIZE_DEFAULT", "1001", "must not be larger than SCIM_PAGE_SIZE_MAX"),
        ],
    )
    def test_a_value_out_of_its_rule(self, name: str, value: str, sentence: str) -> None:
        (problem,) = problems({"SCIM_MASTER_KEY": KEY, name: value})

        assert problem.startswith(name)
        assert sentence in problem

    @pytest.mark.parametrize("one", NUMBERS, ids=lambda one: one.name)
    @pytest.mark.parametrize(("bound", "step"), [("min", -1), ("max", 1)])
    def test_a_number_beyond_its_bounds(
        self, one: dataclasses.Field[int], bound: str, step: int
    ) -> None:
        name = variable(one.name)

        (problem,) = problems({"SCIM_MASTER_KEY": KEY, name: str(one.metadata[bound] + step)})

        assert problem == (
            f"{name} must be a whole number from {one.metadata['min']} to {one.metadata['max']}."
        )

    def test_every_problem_is_told_at_once(self) -> None:
        told = problems(
            {"SCIM_ZZZ": "", "SCIM_PORT": "x", "SCIM_HOSTS": "x", "SCIM_LOG_LEVEL": "x"}
        )

        assert [line.split()[0] for line in told] == [
            "SCIM_HOSTS",
            "SCIM_ZZZ",
            "SCIM_PORT",
            "SCIM_LOG_LEVEL",
            "Give",
        ]


class TestUnknownNames:
    @pytest.mark.parametrize(
        ("name", "sentence"),
        [
            ("SCIM_PUBLIC_URI", "did you mean SCIM_PUBLIC_URL?"),
            ("SCIM_MASTERKEY", "did you mean SCIM_MASTER_KEY?"),
            ("SCIM_SETTING_FILE", "did you mean SCIM_SETTINGS_FILE?"),
            ("SCIM_ZZZ", "remove it."),
        ],
    )
    def test_an_unknown_variable_stops_the_start(self, name: str, sentence: str) -> None:
        assert problems({"SCIM_MASTER_KEY": KEY, name: ""}) == [
            f"{name} is not a setting; {sentence}"
        ]

    @pytest.mark.parametrize("name", ["AUTHLIB_INSECURE_TRANSPORT", "FLASK_DEBUG"])
    def test_a_protection_switched_off_stops_the_start(self, name: str) -> None:
        (problem,) = problems({"SCIM_MASTER_KEY": KEY, name: "1"})

        assert problem.startswith(f"{name} is set; remove it")


class TestMasterKey:
    @pytest.mark.parametrize("length", [32, 33, 48, 64])
    def test_base64url_is_read_with_or_without_padding(self, length: int) -> None:
        text = secrets.token_urlsafe(length)
        padded = text + "=" * (-len(text) % 4)

        assert load(SCIM_MASTER_KEY=text).key_bytes() == load(SCIM_MASTER_KEY=padded).key_bytes()
        assert len(load(SCIM_MASTER_KEY=text).key_bytes()[0]) == length

    def test_two_hexadecimal_digits_are_a_byte(self) -> None:
        key = secrets.token_bytes(32)

        assert load(SCIM_MASTER_KEY=key.hex()).key_bytes() == (key,)
        assert load(SCIM_MASTER_KEY=key.hex().upper()).key_bytes() == (key,)

    @pytest.mark.parametrize(
        "key",
        ["short", KEY[:41], KEY[:-1], KEY + "!!!!", "ż" * 43, secrets.token_hex(32)[:-1]],
        ids=["typed", "31 bytes", "cut", "foreign sign", "not ASCII", "cut digits"],
    )
    def test_a_short_or_broken_key_is_refused_with_the_way_to_make_one(self, key: str) -> None:
        (problem,) = problems({"SCIM_MASTER_KEY": key})

        assert problem.startswith("SCIM_MASTER_KEY holds no key of 32 bytes")
        assert "secrets.token_urlsafe(32)" in problem
        assert key not in problem

    @pytest.mark.parametrize("key", ["0" * 64, "z" * 43, "deadbeef" * 8, "changeme" * 8])
    def test_a_pattern_is_no_key(self, key: str) -> None:
        (problem,) = problems({"SCIM_MASTER_KEY": key})

        assert "is a pattern, not random" in problem

    def test_a_start_without_a_key_is_refused(self) -> None:
        (problem,) = problems({})

        assert "SCIM_MASTER_KEY_FILE" in problem
        assert "secrets.token_urlsafe(32)" in problem

    def test_two_places_for_the_key_are_refused(self, tmp_path: Path) -> None:
        path = private(tmp_path / "key", KEY)

        (problem,) = problems({"SCIM_MASTER_KEY": KEY, "SCIM_MASTER_KEY_FILE": str(path)})

        assert "SCIM_MASTER_KEY_FILE are both given" in problem

    def test_a_private_file_may_hold_the_key(self, tmp_path: Path) -> None:
        path = private(tmp_path / "key", KEY + "\n")

        settings = Settings.load({"SCIM_MASTER_KEY_FILE": str(path)})

        assert settings.key_bytes() == load().key_bytes()

    @pytest.mark.parametrize("mode", [0o640, 0o620, 0o604, 0o644, 0o601])
    def test_a_key_file_that_others_can_open_is_refused(self, tmp_path: Path, mode: int) -> None:
        path = private(tmp_path / "key", KEY, mode)

        (problem,) = problems({"SCIM_MASTER_KEY_FILE": str(path)})

        assert problem.endswith(f"is open to other accounts. Run: chmod 600 {path}")

    def test_a_missing_file_or_a_folder_holds_no_key(self, tmp_path: Path) -> None:
        for path in (tmp_path, tmp_path / "none"):
            (problem,) = problems({"SCIM_MASTER_KEY_FILE": str(path)})

            assert "does not exist or is not a regular file" in problem

    def test_a_file_with_a_short_key_is_refused(self, tmp_path: Path) -> None:
        path = private(tmp_path / "key", "short")

        (problem,) = problems({"SCIM_MASTER_KEY_FILE": str(path)})

        assert "holds no key of 32 bytes" in problem


class TestSettingsFile:
    def file(self, tmp_path: Path, text: str, mode: int = 0o600) -> str:
        return str(private(tmp_path / "scim.toml", text, mode))

    def test_the_file_is_read_and_the_environment_wins(self, tmp_path: Path) -> None:
        path = self.file(tmp_path, f'port = 8443\nhost = "::1"\nmaster_key = "{KEY}"')

        settings = Settings.load({"SCIM_SETTINGS_FILE": path, "SCIM_HOST": "127.0.0.2"})

        assert (settings.port, settings.host) == (8443, "127.0.0.2")
        assert settings.master_key == KEY

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("prot = 1", "prot is not a setting; did you mean port?"),
            ("SCIM_PORT = 1", "SCIM_PORT is not a setting"),
            ("[port]\nnumber = 1", "port must be a text or a whole number."),
            ("port = true", "port must be a text or a whole number."),
            ("port = 1.5", "port must be a text or a whole number."),
            ("port = 0", "port must be a whole number from 1 to 65535."),
            ("port = ", "is not TOML in UTF-8"),
        ],
    )
    def test_a_wrong_line_of_the_file_is_refused(
        self, tmp_path: Path, text: str, sentence: str
    ) -> None:
        path = self.file(tmp_path, text)

        (problem,) = problems({"SCIM_MASTER_KEY": KEY, "SCIM_SETTINGS_FILE": path})

        assert path in problem
        assert sentence in problem

    def test_a_missing_file_is_refused(self, tmp_path: Path) -> None:
        path = str(tmp_path / "none.toml")

        (problem,) = problems({"SCIM_MASTER_KEY": KEY, "SCIM_SETTINGS_FILE": path})

        assert problem.startswith(f"SCIM_SETTINGS_FILE: {path} cannot be read")

    def test_a_file_in_another_encoding_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "scim.toml"
        path.write_bytes("# Zażółć".encode("cp1250"))

        (problem,) = problems({"SCIM_MASTER_KEY": KEY, "SCIM_SETTINGS_FILE": str(path)})

        assert "is not TOML in UTF-8" in problem

    @pytest.mark.parametrize("name", ["database_url", "token_database_url", "master_key"])
    def test_a_file_with_a_secret_must_be_private(self, tmp_path: Path, name: str) -> None:
        given = {
            "database_url": "postgresql://db/scim",
            "token_database_url": "postgresql://db/scim",
            "master_key": KEY,
        }
        if name != "master_key":
            given[name] = "postgresql://scim:pw@db/scim"
        environ = {variable(other): text for other, text in given.items() if other != name}
        path = self.file(tmp_path, f'{name} = "{given[name]}"', 0o640)

        (problem,) = problems({**environ, "SCIM_SETTINGS_FILE": path})

        assert problem.endswith(f"Run: chmod 600 {path}")

    def test_a_file_without_a_secret_may_be_open(self, tmp_path: Path) -> None:
        path = self.file(tmp_path, "port = 8443", 0o644)

        assert load(SCIM_SETTINGS_FILE=path).port == 8443


class TestNotices:
    MAIL = {  # noqa: RUF012 (no test changes it)
        "SCIM_MASTER_KEY": KEY,
        "SCIM_MAIL_SERVER": "mail.example.pl:587",
        "SCIM_MAIL_FROM": "scim@example.pl",
        "SCIM_MAIL_TO": "it@example.pl , rodo@example.pl",
    }

    def test_a_mail_server_has_a_host_a_port_and_recipients(self) -> None:
        settings = Settings.load(self.MAIL)

        assert settings.mail_host == ("mail.example.pl", 587)
        assert settings.mail_recipients == ["it@example.pl", "rodo@example.pl"]
        assert settings.mail_security == "starttls"
        at_home = Settings.load({**self.MAIL, "SCIM_MAIL_SERVER": "[::1]:25"})
        assert at_home.mail_host == ("::1", 25)

    @pytest.mark.parametrize("name", ["SCIM_MAIL_SERVER", "SCIM_MAIL_FROM", "SCIM_MAIL_TO"])
    def test_a_mail_server_and_its_addresses_belong_together(self, name: str) -> None:
        (problem,) = problems({key: text for key, text in self.MAIL.items() if key != name})

        assert "give all or none" in problem

    def test_mail_goes_in_clear_to_this_machine_alone(self) -> None:
        """Red when ``_mail_misfits`` doesn't ask where the server is."""
        (problem,) = problems({**self.MAIL, "SCIM_MAIL_SECURITY": "none"})
        assert "only for a mail server on this machine" in problem
        for host in ("127.0.0.1:25", "localhost:25", "[::1]:25"):
            Settings.load({**self.MAIL, "SCIM_MAIL_SECURITY": "none", "SCIM_MAIL_SERVER": host})

    @pytest.mark.parametrize("mode", [0o640, 0o604])
    def test_a_password_that_others_can_read_is_refused(self, tmp_path: Path, mode: int) -> None:
        """Red when ``_mail_misfits`` doesn't read the password."""
        path = private(tmp_path / "password", "pw", mode)
        environ = {**self.MAIL, "SCIM_MAIL_LOGIN": "it", "SCIM_MAIL_PASSWORD_FILE": str(path)}

        (problem,) = problems(environ)

        assert problem.endswith(f"Run: chmod 600 {path}")
        path.chmod(0o600)
        assert Settings.load(environ).mail_password() == "pw"

    def test_a_webhook_s_key_is_long_and_private(self, tmp_path: Path) -> None:
        """Red when ``_webhook_misfits`` doesn't read the key."""
        path = private(tmp_path / "key", "k" * 31)
        environ = {
            "SCIM_MASTER_KEY": KEY,
            "SCIM_WEBHOOK_URL": "https://hooks.example.pl/",
            "SCIM_WEBHOOK_KEY_FILE": str(path),
        }

        (short,) = problems(environ)
        assert "of 32 or more characters" in short
        private(path, "k" * 32 + "\n", 0o644)
        (readable,) = problems(environ)
        assert readable.endswith(f"Run: chmod 600 {path}")
        path.chmod(0o600)
        assert Settings.load(environ).webhook_key() == b"k" * 32

    def test_a_webhook_s_address_is_shown_without_what_may_be_its_token(
        self, tmp_path: Path
    ) -> None:
        """Red when ``_shown`` shows a path or a query."""
        path = private(tmp_path / "key", "k" * 32)
        for rest in ("canary-W8pq", "?canary-W8pq", "a/b?token=canary-W8pq"):
            settings = load(
                SCIM_WEBHOOK_URL=f"https://hooks.example.pl:8443/{rest}",
                SCIM_WEBHOOK_KEY_FILE=str(path),
            )
            for text in (repr(settings), str(describe(settings))):
                assert "canary-W8pq" not in text
                assert "https://hooks.example.pl:8443/***" in text

    def test_a_settings_file_with_a_webhook_must_be_private(self, tmp_path: Path) -> None:
        key = private(tmp_path / "key", "k" * 32)
        text = f'webhook_url = "https://hooks.example.pl/x"\nwebhook_key_file = "{key}"'
        path = private(tmp_path / "scim.toml", text, 0o640)

        (problem,) = problems({"SCIM_MASTER_KEY": KEY, "SCIM_SETTINGS_FILE": str(path)})

        assert problem.endswith(f"Run: chmod 600 {path}")


class TestDatabaseFiles:
    @pytest.mark.parametrize("name", ["a.db", "a.db-wal", "a.db-shm", "a-tokens.db"])
    @pytest.mark.parametrize("mode", [0o604, 0o602, 0o644])
    def test_a_database_that_everyone_can_open_is_refused(
        self, tmp_path: Path, name: str, mode: int
    ) -> None:
        path = private(tmp_path / name, "", mode)

        (problem,) = problems(
            {"SCIM_MASTER_KEY": KEY, "SCIM_DATABASE_URL": f"sqlite:///{tmp_path}/a.db"}
        )

        assert problem.endswith(f"Run: chmod 600 {path}")

    def test_a_database_of_owner_and_group_is_fine(self, tmp_path: Path) -> None:
        private(tmp_path / "a.db", "", 0o660)

        assert load(SCIM_DATABASE_URL=f"sqlite:///{tmp_path}/a.db")


class TestSecretsStayHidden:
    CANARY = "canary-W8pq"

    @pytest.mark.parametrize(
        "url",
        [
            f"postgresql://scim:{CANARY}@db/scim",
            f"postgresql://scim:{CANARY}@x@db:5432/scim?sslmode=require",
            f"postgresql://db/scim?user=scim&password={CANARY}&sslmode=require",
            f"postgresql:///scim?sslpassword={CANARY}",
        ],
    )
    def test_a_database_password_is_never_shown(self, url: str) -> None:
        settings = load(SCIM_DATABASE_URL=url, SCIM_TOKEN_DATABASE_URL=url)

        for text in (repr(settings), str(settings), str(describe(settings))):
            assert self.CANARY not in text
            assert "***" in text

    def test_the_master_key_is_never_shown(self) -> None:
        for text in (repr(load()), f"{load()}", str(describe(load()))):
            assert KEY not in text

    def test_a_refused_value_is_not_repeated(self) -> None:
        environ = {variable(one.name): f"{self.CANARY} " for one in FIELDS}
        del environ["SCIM_MASTER_KEY_FILE"]  # a path is no secret, and is told

        assert self.CANARY not in "".join(problems(environ))


class TestDescription:
    def test_a_row_tells_the_value_and_whether_it_is_the_default(self) -> None:
        rows = {row.name: row for row in describe(load(SCIM_PORT="8443"))}

        assert (rows["SCIM_PORT"].value, rows["SCIM_PORT"].is_default) == ("8443", False)
        assert (rows["SCIM_HOST"].value, rows["SCIM_HOST"].is_default) == ("127.0.0.1", True)
        assert (rows["SCIM_MASTER_KEY"].value, rows["SCIM_MASTER_KEY"].is_default) == ("***", False)
        assert rows["SCIM_MASTER_KEY_FILE"].value == ""

    def test_a_row_stands_for_every_setting(self) -> None:
        assert [row.name for row in describe(load())] == [variable(one.name) for one in FIELDS]

    @pytest.mark.parametrize("one", FIELDS, ids=lambda one: one.name)
    def test_every_setting_has_a_default_and_one_line_of_help(
        self, one: dataclasses.Field[object]
    ) -> None:
        assert one.default is not dataclasses.MISSING
        assert re.fullmatch(r"[A-Z][^\n|]*\.", one.metadata["help"])

    @pytest.mark.parametrize("one", NUMBERS, ids=lambda one: one.name)
    def test_every_number_defaults_to_one_within_its_bounds(
        self, one: dataclasses.Field[int]
    ) -> None:
        assert isinstance(one.default, int)
        assert one.metadata["min"] <= one.default <= one.metadata["max"]

    def test_the_reference_page_tells_every_setting(self) -> None:
        """On failure, paste the left side into the page."""
        table = "\n".join(
            f"| `{variable(one.name)}` | {default(one)} | {bounds(one)} | {one.metadata['help']} |"
            for one in FIELDS
        )

        written = re.findall(r"^\| `SCIM_.*$", PAGE.read_text("utf-8"), re.MULTILINE)
        assert table == "\n".join(written)


def default(one: dataclasses.Field[object]) -> str:
    if isinstance(one.default, bool):
        return f"`{'on' if one.default else 'off'}`"
    return f"`{one.default}`" if one.default not in ("", None) else "none"


def bounds(one: dataclasses.Field[object]) -> str:
    return f"{one.metadata['min']}–{one.metadata['max']}" if "min" in one.metadata else "text"
