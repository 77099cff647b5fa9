"""The pages tell what there is: every command, every column, and links that lead somewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from scim_server.cli import cli

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("schemas/**/*.md")])
COMMANDS_PAGE = ROOT / "docs" / "reference" / "commands.md"
FEED_PAGE = ROOT / "docs" / "reference" / "register-feed.md"
DOORS = (
    "connect-entra.md",
    "push-to-entra.md",
    "connect-school-data-sync.md",
    "connect-google-classroom.md",
)

_FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
# A call of the command, or of the shell function that a page makes for it; not the account's name.
_CALL = re.compile(r"(?:(?<!-u )\bscim-server|^scim) ([a-z][^`#|\n]*)", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def leaves(group: click.Group, path: str = "scim-server") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by what a person types."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = dict(leaves(cli))


def sections() -> dict[str, str]:
    """The sections of the commands' page, by the heading's code."""
    parts = re.split(r"^## `(.*)`$", COMMANDS_PAGE.read_text("utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def section_of(path: str) -> tuple[str, str]:
    found = [item for item in sections().items() if f"{item[0]} ".startswith(f"{path} ")]
    assert len(found) == 1, f"{path} needs one section in {COMMANDS_PAGE.name}"
    return found[0]


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_a_section_with_its_arguments(path: str) -> None:
    heading, _ = section_of(path)
    arguments = [one for one in COMMANDS[path].params if isinstance(one, click.Argument)]

    context = click.Context(COMMANDS[path])
    assert heading.split()[len(path.split()) :] == [one.make_metavar(context) for one in arguments]


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_is_told_and_no_other(path: str) -> None:
    _, text = section_of(path)
    options = [one for one in COMMANDS[path].params if isinstance(one, click.Option)]

    told = re.findall(r"^\| `(--[a-z-]+)` \|", text, re.MULTILINE)

    assert sorted(told) == sorted(one.opts[0] for one in options)


def test_no_command_is_told_that_there_isn_t() -> None:
    assert len(sections()) == len(COMMANDS)


def test_every_column_of_the_feed_is_told_with_its_headers() -> None:
    """On failure, paste the left side into the page."""
    text = FEED_PAGE.read_text("utf-8")
    declared = json.loads((ROOT / "schemas" / "feeds" / "uonet.json").read_text("utf-8"))

    for each in declared["files"].values():
        _, _, rest = text.partition(f"### `{each['file']}`\n")
        section, _, _ = rest.partition("\n## ")
        section, _, _ = section.partition("\n### ")
        told = re.findall(r"^\| `(\w+)` \| (yes|no) \| [^|]+ \| ([^|]+) \|$", section, re.MULTILINE)
        assert told == [
            (name, "yes" if column["required"] else "no", ", ".join(column["headers"]))
            for name, column in each["columns"].items()
        ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_within_the_repository_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(_FENCE.sub("", page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        assert place.is_relative_to(ROOT), target
        assert place.exists(), target
        assert not anchor or anchor in anchors(place), target


def test_every_page_can_be_reached_from_the_readme() -> None:
    found, open_pages = set[Path](), [ROOT / "README.md"]
    while open_pages:
        page = open_pages.pop()
        found.add(page)
        linked = _LINK.findall(_FENCE.sub("", page.read_text("utf-8")))
        targets = {(page.parent / each.partition("#")[0]).resolve() for each in linked}
        open_pages += [each for each in targets & set(PAGES) if each not in found | {*open_pages}]

    assert found == set(PAGES)


@pytest.mark.parametrize("name", DOORS)
def test_every_door_tells_how_it_is_opened_stopped_and_mended(name: str) -> None:
    text = (ROOT / "docs" / "how-to" / name).read_text("utf-8")
    for heading in ("Before you begin", "Stop it", "When something is"):
        assert f"\n## {heading}" in text, heading
    assert name in (ROOT / "docs" / "how-to" / "choose-a-door.md").read_text("utf-8")


def anchors(page: Path) -> set[str]:
    """The anchors that a renderer makes of the headings."""
    headings = re.findall(r"^#+ (.*)$", _FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_that_a_page_prints_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    code = "\n".join([*_FENCE.findall(text), *re.findall(r"`[^`\n]+`", _FENCE.sub("", text))])
    for line in _CALL.findall(code):
        words = line.split()
        command: click.Command = cli
        while isinstance(command, click.Group):
            found = command.commands.get(words.pop(0) if words else "")
            assert found is not None, line
            command = found
        known = {name for one in command.params for name in one.opts} | {"--help"}
        assert {word for word in words if re.fullmatch(r"--[a-z-]+", word)} <= known, line
