"""State machines: only `change_row_state` changes a row's state, and `enforce_state_transitions` binds the database."""

from collections.abc import Collection, Mapping
from typing import Any, Literal, TypeVar

from django.db import migrations, models
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.errors import Conflict

STATE_CHANGED = _("This has changed in the meantime. Reload the page to see the latest version.")

M = TypeVar("M", bound=models.Model)
Moves = Mapping[Any, Collection[Any]]


def change_row_state(row: M, new_state: str, **changes: Any) -> M:
    """Move a model instance to the state `new_state`, save it with the given changes, and return it as stored.

    It locks the row first, so it must be called in a transaction. Nobody waits for the lock who only names the row in a
    new one. Raises Conflict("state_changed") if the model's MOVES do not lead from the row's present state to
    `new_state`.
    """
    locked = type(row)._default_manager.select_for_update(no_key=True).get(pk=row.pk)
    _set_state(locked, new_state, changes)
    locked.save(update_fields=["state", *changes])
    return locked


def change_locked_row_states(rows: list[M], new_state: str, **changes: Any) -> None:
    """Move several model instances, whose rows are locked already, to the state `new_state` in one statement.

    The instances in `rows` are updated too. Raises Conflict("state_changed") as `change_row_state` does.
    """
    for row in rows:
        _set_state(row, new_state, changes)
    if rows:
        type(rows[0])._default_manager.bulk_update(rows, ["state", *changes])


def _set_state(locked: models.Model, to: str, changes: dict[str, Any]) -> None:
    allowed: Collection[Any] = locked.MOVES.get(locked.state, frozenset())  # type: ignore[attr-defined]
    if to not in allowed:
        raise make_state_changed_error()
    for name, value in {"state": to, **changes}.items():
        setattr(locked, name, value)


def make_state_changed_error() -> Conflict:
    """Return the error, for the caller to raise, of a row whose state has changed since somebody looked at it."""
    return Conflict("state_changed", STATE_CHANGED)


def make_changed_meanwhile_error() -> Conflict:
    """Return the error, for the caller to raise, of a form whose row a colleague has saved since it was opened."""
    text = _("A colleague has changed this since you opened it. Check the current values, then try again.")
    return Conflict("changed_meanwhile", text)


def find_states_leading_to(transitions: Moves, new_state: str) -> frozenset[str]:
    """Return the states from which one step in `transitions` leads to the state `new_state`.

    `transitions` maps each state to the states that may follow it.
    """
    return frozenset(before for before, allowed in transitions.items() if new_state in allowed)


# The trigger of `enforce_state_transitions`. Its first argument says whom it holds: "everybody", or only "tenants",
# whom policies hold too. Tenants change nothing in a row that has no move left, so that its last state and what belongs
# to it stay as they are.
GUARD = """
CREATE FUNCTION state_moves() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_tenant boolean := row_security_active(TG_RELID);
BEGIN
    IF OLD.state || '>' || NEW.state = ANY (TG_ARGV) THEN RETURN NEW; END IF;
    IF OLD.state <> NEW.state AND (is_tenant OR TG_ARGV[0] = 'everybody')
        OR is_tenant AND NOT EXISTS (SELECT FROM unnest(TG_ARGV) step WHERE starts_with(step, OLD.state || '>')) THEN
        RAISE EXCEPTION 'from % to % violates the moves of %', OLD.state, NEW.state, TG_TABLE_NAME
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;
"""


def list_state_transitions(transitions: Moves) -> list[str]:
    """Return every step that `transitions` allows as text, such as "requested>active", in order."""
    return sorted(f"{before}>{after}" for before, allowed in transitions.items() for after in allowed)


def enforce_state_transitions(
    table: str,
    transitions: Mapping[str, Collection[str]],
    *,
    initial_state: str,
    enforced_for: Literal["everybody", "tenants"],
) -> migrations.RunSQL:
    """Return a migration operation that makes the database refuse changes of state that `transitions` does not allow.

    `transitions` and `initial_state` are the model's MOVES and BEGINS (tests/house/test_states.py compares them).
    `enforced_for` says who is refused. Tenants always are: they store rows only in the state `initial_state`, and
    change nothing of a row that has no move left.
    """
    arguments = ", ".join(f"'{argument}'" for argument in [enforced_for, *list_state_transitions(transitions)])
    return migrations.RunSQL(
        f"""CREATE POLICY state_begins ON {table} AS RESTRICTIVE FOR INSERT WITH CHECK (state = '{initial_state}');
            CREATE TRIGGER state_moves BEFORE UPDATE ON {table}
            FOR EACH ROW EXECUTE FUNCTION state_moves({arguments})""",
        f"DROP TRIGGER state_moves ON {table}; DROP POLICY state_begins ON {table}",
    )
