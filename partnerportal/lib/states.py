"""State machines: only `change_state` changes a row's state, and `guard_states` makes the database enforce that."""

from collections.abc import Collection, Mapping
from typing import Any, Literal, TypeVar

from django.db import migrations, models
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.errors import Conflict

M = TypeVar("M", bound=models.Model)
Moves = Mapping[Any, Collection[Any]]


def change_state(row: M, to: str, **changes: Any) -> M:
    """Move a model instance to the state `to`, save it with the given changes, and return it as stored.

    It locks the row first, so it must be called in a transaction. Raises Conflict("state_changed") if the model's MOVES
    do not lead from the row's present state to `to`.
    """
    locked = type(row)._default_manager.select_for_update().get(pk=row.pk)
    _set_state(locked, to, changes)
    locked.save(update_fields=["state", *changes])
    return locked


def change_locked_states(rows: list[M], to: str, **changes: Any) -> None:
    """Move several model instances, whose rows are locked already, to the state `to` in one statement.

    The instances in `rows` are updated too. Raises Conflict("state_changed") as `change_state` does.
    """
    for row in rows:
        _set_state(row, to, changes)
    if rows:
        type(rows[0])._default_manager.bulk_update(rows, ["state", *changes])


def _set_state(locked: models.Model, to: str, changes: dict[str, Any]) -> None:
    allowed: Collection[Any] = locked.MOVES.get(locked.state, frozenset())  # type: ignore[attr-defined]
    if to not in allowed:
        raise Conflict("state_changed", _("This has changed in the meantime. Reload the page to see the latest."))
    for name, value in {"state": to, **changes}.items():
        setattr(locked, name, value)


def find_states_before(moves: Moves, to: str) -> frozenset[str]:
    """Return the states from which one step in `moves` leads to the state `to`.

    `moves` maps each state to the states that may follow it.
    """
    return frozenset(before for before, allowed in moves.items() if to in allowed)


# The trigger of `guard_states`. Its first argument says whom it holds: "everybody", or only "tenants", whom policies
# hold too.
# Tenants change nothing in a row that has no move left, so that its last state and what belongs to it stay as they are.
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


def list_allowed_steps(moves: Moves) -> list[str]:
    """Return every step that `moves` allows as text, such as "requested>active", in order."""
    return sorted(f"{before}>{after}" for before, allowed in moves.items() for after in allowed)


def guard_states(
    table: str, moves: Mapping[str, Collection[str]], *, begins: str, holds: Literal["everybody", "tenants"]
) -> migrations.RunSQL:
    """Return a migration operation that makes the database refuse any change of state which `moves` does not allow.

    `moves` and `begins` are the model's MOVES and BEGINS (tests/house/test_states.py compares them). `holds` says who
    is refused. Tenants always are: they store rows only in the state `begins`, and change nothing of a row that has no
    move left.
    """
    arguments = ", ".join(f"'{argument}'" for argument in [holds, *list_allowed_steps(moves)])
    return migrations.RunSQL(
        f"""CREATE POLICY state_begins ON {table} AS RESTRICTIVE FOR INSERT WITH CHECK (state = '{begins}');
            CREATE TRIGGER state_moves BEFORE UPDATE ON {table}
            FOR EACH ROW EXECUTE FUNCTION state_moves({arguments})""",
        f"DROP TRIGGER state_moves ON {table}; DROP POLICY state_begins ON {table}",
    )
