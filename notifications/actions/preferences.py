"""What people choose to get by e-mail."""

from collections.abc import Mapping

from django.db import transaction

from notifications import registry
from notifications.mailing import usual
from notifications.models import Mail, NoticePreference
from notifications.models.notice import CUSTOMER_NEWS_FEATURE
from notifications.policies import ROLE_TABLE, NoticePermission
from partnerportal.lib.actors import Actor
from partnerportal.lib.policies import authorize


@transaction.atomic
def choose_mails(*, actor: Actor, mails: Mapping[str, Mail]) -> None:
    """Keep, for each kind of notice, how the person wants it in this organisation; only what differs from the usual.

    Personal, so any role may, and there is nothing to record.
    """
    authorize(actor, ROLE_TABLE, NoticePermission.VIEW)
    assert actor.organization_id and actor.person_id, "a person's own choice"
    NoticePreference.objects.visible_to(actor).delete()
    is_own = CUSTOMER_NEWS_FEATURE not in actor.features
    rows = [
        NoticePreference(organization_id=actor.organization_id, person_id=actor.person_id, kind=code, mail=mail)
        for code, mail in mails.items()
        if code in registry.kinds() and mail != usual(registry.kinds()[code], actor.roles, is_own=is_own)
    ]
    NoticePreference.objects.bulk_create(  # what the same form, sent twice, has just written is no mistake
        rows, update_conflicts=True, unique_fields=["organization_id", "person_id", "kind"], update_fields=["mail"]
    )
