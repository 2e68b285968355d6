"""Audiences: which partners of the CSP programme may resell an offer, now and from the next sync on (CA-7…CA-29)."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, OrganizationKind
from marketplace.models.offer import Offer
from partnerportal.lib.actors import Actor
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.visible_rows import TenantQuerySet


class AuthorizationQuerySet(TenantQuerySet):
    """A queryset of authorisations: publishers see those of their offers, the vendor all, everybody else its own.

    A partner also sees those of its distributor, because they hold for it too, and a distributor those of its partners.
    """

    def rows_for(self, actor: Actor) -> "AuthorizationQuerySet":
        if actor.organization_kind == OrganizationKind.VENDOR:
            return self.all()
        own = actor.organization_id
        above = Organization.objects.filter(partners=own).values("pk")
        below = Organization.objects.filter(parent=own).values("pk")
        return self.filter(
            Q(publisher=own) | Q(organization=own) | Q(organization__in=above) | Q(organization__in=below)
        )

    def active(self) -> "AuthorizationQuerySet":
        """Return the authorisations that have not ended."""
        return self.filter(ended_at=None)


class Authorization(PublicIdModel):
    """The right of a partner, or of a distributor and all partners under it, to resell an offer with audience SPECIFIC.

    It is ended and never deleted. Who gave and ended it stands in the events of the offer.
    """

    class Source(models.TextChoices):
        """How the organisation came into the audience."""

        SELECTED = "selected", _("Selected by the publisher")
        IMPORTED = "imported", _("Imported from a file")
        API = "api", _("Added by API")
        RESOLD = "resold", _("Had already sold the offer")

    offer = models.ForeignKey(Offer, models.PROTECT, related_name="authorizations")
    publisher = models.ForeignKey(Organization, models.PROTECT, related_name="+", editable=False)  # of the offer
    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    source = models.CharField(max_length=10, choices=Source)
    since = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = AuthorizationQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["offer", "organization"], condition=Q(ended_at=None), name="authorization_active_once"
            ),
        )


class AudienceChangeQuerySet(TenantQuerySet):
    """A queryset of saved changes of audiences, which only the publisher of the offer and the vendor see."""

    def rows_for(self, actor: Actor) -> "AudienceChangeQuerySet":
        if actor.organization_kind == OrganizationKind.VENDOR:
            return self.all()
        return self.filter(publisher=actor.organization_id)


class AudienceChange(models.Model):
    """A saved change of an offer's audience that does not hold yet: an organisation to add, or to remove (CA-14).

    What is to be added begins with the first publication or a sync; what is to be removed, with a request that staff
    approve. Once done, the row is deleted.
    """

    offer = models.ForeignKey(Offer, models.CASCADE, related_name="audience_changes")
    publisher = models.ForeignKey(Organization, models.CASCADE, related_name="+", editable=False)  # of the offer
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    is_removal = models.BooleanField(default=False)
    source = models.CharField(max_length=10, choices=Authorization.Source, default=Authorization.Source.SELECTED)

    objects = AudienceChangeQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["offer", "organization"], name="audience_change_once"),)
