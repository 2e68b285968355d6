"""Turns: actions that must not happen side by side, because each counts what the others do."""

from django.db import connection


def take_turn(what: str, who: int) -> None:
    """Wait until no other transaction has the turn for `what` of `who`, and keep it until this transaction ends.

    What is counted afterwards includes all that earlier turns have added. Raises OperationalError after lock_timeout.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(portal_lock(%s, %s))", [what, who])
