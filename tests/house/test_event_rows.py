"""What a Reader's request may be made to say was done: nothing that the role tables leave to others.

An event is the record of an action, and notices and mails follow from it.
"""

import re
import uuid

from django.db import DatabaseError, transaction

from entitlements.models import ActivationLink
from notifications.models import Event
from tests.house.test_grants import rows_of
from tests.world import KINDS

# What a Reader does too, and why. Everything else only others do.
OF_READERS = {
    "calendar.made": "one's own calendar",
    "calendar.revoked": "likewise",
    "join.requested": "whoever asks is nobody there yet",
    "list.exported": "lists that the person sees",
    "import.uploaded": "one's own import",
    "import.confirmed": "likewise",
    "import.cancelled": "likewise",
}


def list_tenant_kinds():
    """Every kind of event that some policy lets tenants write."""
    checks = rows_of(
        """SELECT with_check FROM pg_policies
           WHERE tablename = 'notifications_event' AND starts_with(policyname, 'told_by_')"""
    )
    return {kind for (check,) in checks for kind in re.search(r"'{([\w.,]+)}'", check).group(1).split(",")}


def may_tell(actor, kind, subject_id):
    try:
        with transaction.atomic():
            Event(
                kind=kind, actor_kind="person", actor_id=actor.person_id, organization_id=actor.organization_id,
                subject_kind="x", subject_id=subject_id, subject_label="Never done",
            ).save(force_insert=True)  # fmt: skip
            transaction.set_rollback(True)
    except DatabaseError as error:
        assert "row-level security" in str(error), error
        return False
    return True


def list_told(world, as_tenant, role):
    """The kinds of events that people of this role may write in some organisation of the cast."""
    told, links = set(), dict(ActivationLink.objects.values_list("organization_id", "public_id"))
    for name in KINDS:
        actor = world.actor(f"{name}.{role}")
        subject_id = links.get(actor.organization_id) or uuid.uuid4()
        with as_tenant(actor):
            told |= {kind for kind in list_tenant_kinds() - told if may_tell(actor, kind, subject_id)}
    return told


def test_a_reader_tells_what_readers_do(world, as_tenant):
    assert list_told(world, as_tenant, "reader") == set(OF_READERS)


def test_an_admin_tells_the_others(world, as_tenant):
    """But what only whoever has just been let in tells, or started a trial by a link."""
    others = list_tenant_kinds() - list_told(world, as_tenant, "admin")
    assert others == {"operator.added", "activation.accepted", "trial.started"}
