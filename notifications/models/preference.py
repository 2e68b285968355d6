"""Which notices a person wants, and where: in the inbox, by e-mail."""

from typing import NamedTuple

from django.db import models
from django.utils.translation import pgettext_lazy

from partnerportal.lib.actors import Actor
from partnerportal.lib.visible_rows import TenantQuerySet


class MailMode(models.TextChoices):
    """The ways in which a person may get a kind of notice by e-mail."""

    OFF = "off", pgettext_lazy("e-mail", "Off")
    EACH = "each", pgettext_lazy("e-mail", "Immediately")
    DIGEST = "digest", pgettext_lazy("e-mail", "In the daily summary")


class NoticeDeliveryChoice(NamedTuple):
    """A person's choice for a kind of notice: how it comes by e-mail, and whether it comes into the inbox."""

    mail: MailMode
    inbox: bool = True


class NoticePreferenceQuerySet(TenantQuerySet):
    """A queryset of preferences. An actor sees the acting person's own, in the organisation they act for."""

    def rows_for(self, actor: Actor) -> "NoticePreferenceQuerySet":
        return self.filter(organization_id=actor.organization_id, person_id=actor.person_id)


class NoticePreference(models.Model):
    """One person's choice for one kind of notice in one organisation.

    Where there is none, the kind comes into the inbox, and by e-mail as the kind itself says.
    """

    organization_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    kind = models.CharField(max_length=60)
    mail = models.CharField(max_length=6, choices=MailMode, blank=True)  # empty: as the kind itself says
    inbox = models.BooleanField(default=True)

    objects = NoticePreferenceQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["organization_id", "person_id", "kind"], name="notice_preference_once"),
        )
