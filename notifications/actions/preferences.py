"""The action by which people choose which notices they get, and where."""

from collections.abc import Mapping

from django.db import transaction

from notifications import registry
from notifications.mailing import get_default_mail_mode
from notifications.models import NoticeDeliveryChoice, NoticePreference
from notifications.policies import ROLE_TABLE, NoticePermission
from partnerportal.lib.actors import Actor
from partnerportal.lib.locks import AdvisoryLock, acquire_lock
from partnerportal.lib.policies import authorize


@transaction.atomic
def set_notice_choices(*, actor: Actor, choices: Mapping[str, NoticeDeliveryChoice]) -> None:
    """Store how the acting person gets each kind of notice in this organisation, by e-mail and in the inbox.

    `choices` maps the codes of kinds to NoticeDeliveryChoice. Unknown codes are ignored, and a kind that is missing
    gets its default again; only choices that differ from the default are stored. Any role may do this, and no event is
    recorded. If two requests come at once, the later one wins as a whole.
    """
    authorize(actor, ROLE_TABLE, NoticePermission.VIEW)
    assert actor.organization_id and actor.person_id, "a person's own choice"
    acquire_lock(AdvisoryLock.PREFERENCES, actor.person_id)
    NoticePreference.objects.visible_to(actor).delete()
    rows = []
    for code, choice in choices.items():
        kind = registry.get_notice_kinds().get(code)
        if kind is None:
            continue
        usual_mail = get_default_mail_mode(
            kind, actor.roles, is_own_news=not kind.is_granted_by_features(actor.features)
        )
        mail = "" if choice.mail == usual_mail else choice.mail
        if mail or not choice.inbox:
            own = {"organization_id": actor.organization_id, "person_id": actor.person_id}
            rows.append(NoticePreference(**own, kind=code, mail=mail, inbox=choice.inbox))
    NoticePreference.objects.bulk_create(rows)
