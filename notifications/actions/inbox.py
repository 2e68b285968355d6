"""Actions on the notices in an inbox: dismiss, restore, mark as read, and share with who begins to see a customer."""

from collections.abc import Iterable
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from notifications.models import InboxMark, Notice, NoticeRead
from notifications.policies import ROLE_TABLE, NoticePermission
from partnerportal.lib.actors import Actor
from partnerportal.lib.policies import authorize


@transaction.atomic
def dismiss_notice(*, actor: Actor, notice: Notice) -> None:
    """Hide a notice from the actor's organisation; every other recipient keeps theirs (CC-56…CC-58).

    Dismissing it again changes nothing.
    """
    authorize(actor, ROLE_TABLE, NoticePermission.DISMISS)
    mine = Notice.objects.visible_to(actor).filter(pk=notice.pk, dismissed_at=None)
    mine.update(dismissed_at=timezone.now(), dismissed_by_id=actor.person_id)


@transaction.atomic
def restore_notice(*, actor: Actor, notice: Notice) -> None:
    """Undo the dismissal of a notice in the actor's organisation. Without a dismissal nothing changes."""
    authorize(actor, ROLE_TABLE, NoticePermission.DISMISS)
    Notice.objects.visible_to(actor).filter(pk=notice.pk).update(dismissed_at=None, dismissed_by_id=None)


@transaction.atomic
def mark_notice_read(*, actor: Actor, notice: Notice) -> None:
    """Mark a notice as opened by the acting person.

    This is personal, so any role may do it.
    """
    authorize(actor, ROLE_TABLE, NoticePermission.VIEW)
    read = NoticeRead(notice=notice, person_id=actor.person_id)  # type: ignore[misc]
    NoticeRead.objects.bulk_create([read], ignore_conflicts=True)


@transaction.atomic
def mark_all_notices_read(*, actor: Actor) -> None:
    """Mark every notice that the acting person sees in this organisation now as read by that person."""
    authorize(actor, ROLE_TABLE, NoticePermission.VIEW)
    newest = Notice.objects.visible_to(actor).order_by("-pk").values_list("pk", flat=True).first()
    if newest:
        InboxMark.objects.update_or_create(  # type: ignore[misc]
            person_id=actor.person_id, organization_id=actor.organization_id, defaults={"read_up_to": newest}
        )


def share_recent_notices(*, viewer_customer_pairs: Iterable[tuple[int, int]], days: int = 90) -> None:
    """Give organisations that begin to see a customer the notices about it of the last `days` days (CC-54).

    `viewer_customer_pairs` are primary keys of organisations. Viewers that have a notice already keep it as it is,
    dismissed or not. It needs the job's database role.
    """
    pairs = list(viewer_customer_pairs)
    viewers, customers = zip(*pairs, strict=True) if pairs else ((), ())
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO notifications_notice
                   (public_id, event_id, kind, at, recipient_id, about_id, about_public_id, about_label, scopes,
                    note, params)
               SELECT gen_random_uuid(), n.event_id, n.kind, n.at, v.viewer_id, n.about_id, n.about_public_id,
                      n.about_label, n.scopes, n.note, n.params
               FROM unnest(%s::bigint[], %s::bigint[]) AS v(viewer_id, customer_id)
               JOIN notifications_notice n ON n.recipient_id = v.customer_id AND n.about_id = v.customer_id
               WHERE n.at > %s ORDER BY n.id ON CONFLICT DO NOTHING""",
            [list(viewers), list(customers), timezone.now() - timedelta(days=days)],
        )
