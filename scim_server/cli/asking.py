"""Asking the person at the terminal before something that can't be taken back."""

from __future__ import annotations

import sys

import click

from scim_server.errors import Refused


def agreed(question: str, yes: bool) -> None:
    """Go on where a person answers with y, or ``yes`` was given for scripts.

    Raises :class:`~scim_server.errors.Refused` for any other answer, and where nobody is there.
    """
    if not yes:
        _look_for_a_person()
        if not click.confirm(question, err=True):
            raise Refused("Nothing was changed.")


def typed(name: str, yes: bool) -> None:
    """Go on where a person types ``name`` itself; otherwise as :func:`agreed`."""
    if not yes:
        _look_for_a_person()
        if click.prompt(f"Type {name} to go on", default="", show_default=False, err=True) != name:
            raise Refused("That is another name. Nothing was changed.")


def _look_for_a_person() -> None:
    if not sys.stdin.isatty():
        raise Refused(
            "Nobody can be asked here: there is no terminal. Nothing was changed. "
            "Add --yes to go on without a question."
        )
