"""What people do with their notices."""

from django.db import transaction
from django.utils import timezone

from notifications.models import InboxMark, Notice, NoticeRead
from notifications.policies import ROLE_TABLE, NoticePermission
from partnerportal.lib.actors import Actor
from partnerportal.lib.policies import authorize


@transaction.atomic
def dismiss(*, actor: Actor, notice: Notice) -> None:
    """Hide a notice from the actor's organisation; every other recipient keeps theirs (CC-56…CC-58). Repeatable."""
    authorize(actor, ROLE_TABLE, NoticePermission.DISMISS)
    mine = Notice.objects.visible_to(actor).filter(pk=notice.pk, dismissed_at=None)
    mine.update(dismissed_at=timezone.now(), dismissed_by_id=actor.person_id)


@transaction.atomic
def restore(*, actor: Actor, notice: Notice) -> None:
    """Undo a dismissal. Repeatable."""
    authorize(actor, ROLE_TABLE, NoticePermission.DISMISS)
    Notice.objects.visible_to(actor).filter(pk=notice.pk).update(dismissed_at=None, dismissed_by_id=None)


@transaction.atomic
def mark_read(*, actor: Actor, notice: Notice) -> None:
    """The person opened the notice. Personal, so any role may."""
    authorize(actor, ROLE_TABLE, NoticePermission.VIEW)
    NoticeRead.objects.bulk_create([NoticeRead(notice=notice, person_id=actor.person_id)], ignore_conflicts=True)


@transaction.atomic
def mark_all_read(*, actor: Actor) -> None:
    authorize(actor, ROLE_TABLE, NoticePermission.VIEW)
    newest = Notice.objects.visible_to(actor).order_by("-pk").values_list("pk", flat=True).first()
    if newest:
        InboxMark.objects.update_or_create(
            person_id=actor.person_id, organization_id=actor.organization_id, defaults={"read_up_to": newest}
        )
