"""Which notices a person wants, and where: in the inbox, by e-mail."""

from typing import NamedTuple

from django.db import models
from django.utils.translation import pgettext_lazy

from partnerportal.lib.actors import Actor
from partnerportal.lib.scoping import TenantQuerySet


class Mail(models.TextChoices):
    OFF = "off", pgettext_lazy("e-mail", "Off")
    EACH = "each", pgettext_lazy("e-mail", "At once")
    DIGEST = "digest", pgettext_lazy("e-mail", "In the daily summary")


class Choice(NamedTuple):
    mail: Mail
    inbox: bool = True


class NoticePreferenceQuerySet(TenantQuerySet):
    def scope(self, actor: Actor) -> "NoticePreferenceQuerySet":
        return self.filter(organization_id=actor.organization_id, person_id=actor.person_id)


class NoticePreference(models.Model):
    """One person's choice for one kind of notice in one organisation. Without a row the inbox has it, and mails are as
    the kind says.
    """

    organization_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    kind = models.CharField(max_length=60)
    mail = models.CharField(max_length=6, choices=Mail, blank=True)  # empty: as the kind says
    inbox = models.BooleanField(default=True)

    objects = NoticePreferenceQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["organization_id", "person_id", "kind"], name="notice_preference_once"),
        )
