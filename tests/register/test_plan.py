"""How a plan is told."""

from __future__ import annotations

from scim_server.register.plan import Changes, Difference, Plan, render


def test_a_plan_is_told_in_a_line_for_each_kind() -> None:
    plan = Plan(
        pupils=Changes(1200, 3, 2, 1, 590),
        groups=Changes(deactivated=4),
        memberships=Changes(created=10, deactivated=5, unchanged=6000),
    )
    assert render(plan) == [
        "Pupils: 1,200 created, 3 changed, 2 deactivated, 1 reactivated, 590 unchanged",
        "Employees: 0 created, 0 changed, 0 deactivated, 0 reactivated, 0 unchanged",
        "Groups: 0 created, 0 changed, 4 deactivated, 0 reactivated, 0 unchanged",
        "Memberships: 10 added, 5 removed, 6,000 unchanged",
    ]


def test_examples_name_record_and_attributes_but_no_value() -> None:
    plan = Plan(
        examples=(
            Difference("pupils", "U-1", "changed", ("userName", "displayName")),
            Difference("groups", "G-1", "deactivated"),
        )
    )
    assert render(plan)[4:] == [
        "For example:",
        "  pupils U-1: changed (userName, displayName)",
        "  groups G-1: deactivated",
    ]


def test_what_the_files_hold_is_all_but_the_deactivated() -> None:
    assert Changes(1, 20, 300, 4000, 50000).in_files == 54021
