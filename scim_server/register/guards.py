"""Guards against an export that would close many accounts by mistake."""

from __future__ import annotations

from collections.abc import Mapping

from scim_server.directory.guards import breaches
from scim_server.errors import Refused
from scim_server.register.plan import Kind, Plan

MAX_DEACTIVATED_PERCENT = 10.0


def check(
    plan: Plan,
    live_counts: Mapping[Kind, int],
    max_deactivated_percent: float = MAX_DEACTIVATED_PERCENT,
    *,
    allow_deactivations: bool = False,
    allow_empty: bool = False,
) -> None:
    """Refuse a plan that looks like a mistake. ``live_counts``: the active ones before the import.

    :raises Refused: the files hold no people (unless ``allow_empty``), or more than
        ``max_deactivated_percent`` of the pupils, employees or groups would be deactivated
        (unless ``allow_deactivations``).
    """
    if not allow_empty and not plan.pupils.in_files + plan.employees.in_files:
        raise Refused(
            "The files hold no people: 0 pupils and 0 employees. Nothing was changed. If that is "
            "right, import again with --allow-empty."
        )
    if allow_deactivations:
        return
    deactivated: dict[Kind, int] = {
        "pupils": plan.pupils.deactivated,
        "employees": plan.employees.deactivated,
        "groups": plan.groups.deactivated,
    }
    found = list(breaches(deactivated, live_counts, max_deactivated_percent))
    if found:
        raise Refused(
            f"The import would deactivate {' and '.join(found)}; the limit is "
            f"{max_deactivated_percent:g} %. Nothing was changed. Check that the export is "
            "complete; if it is, import again with --allow-deactivations."
        )


def check_unkeyed(plan: Plan, unkeyed_rows: int, *, allow_deactivations: bool = False) -> None:
    """Refuse to deactivate anyone while rows can't be told apart: those missing may be in them.

    :raises Refused: the plan deactivates and ``unkeyed_rows`` is more than 0 (unless
        ``allow_deactivations``).
    """
    leaving = sum(each.deactivated for each in (plan.pupils, plan.employees, plan.groups))
    if unkeyed_rows and leaving and not allow_deactivations:
        raise Refused(
            f"{unkeyed_rows:,} rows have no key that can be read, so it can't be told whether the "
            f"{leaving:,} that are missing are among them. Nothing was changed. Correct those "
            "rows; or, if the missing ones did leave, import again with --allow-deactivations."
        )
