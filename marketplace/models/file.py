"""Files of offers: the logo, screenshots, and documents for partners that customers never see (CA-30)."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationKind, ProgramFeature
from marketplace.models.offer import Offer
from partnerportal.lib.actors import Actor
from partnerportal.lib.attached_files import AttachedFile
from partnerportal.lib.visible_rows import TenantQuerySet


class OfferFileQuerySet(TenantQuerySet):
    """A queryset of files: publishers see their own, the vendor all, everybody live pictures, resellers all live ones.

    Live is what the live version of the offer has.
    """

    def rows_for(self, actor: Actor) -> "OfferFileQuerySet":
        if actor.organization_kind == OrganizationKind.VENDOR:
            return self.all()
        live = Q(is_live=True)
        if ProgramFeature.MARKETPLACE_PURCHASE not in actor.features:
            live &= Q(kind__in=OfferFile.PICTURES)
        return self.filter(Q(offer__publisher=actor.organization_id) | live)


class OfferFile(AttachedFile):
    """A file of an offer. The versions that have it name its public id. It goes when none does."""

    class Kind(models.TextChoices):
        """What a file is for."""

        LOGO = "logo", _("Logo")
        SCREENSHOT = "screenshot", _("Screenshot")
        SALES = "sales", _("Sales material")
        SUPPORT = "support", _("Support material")
        TRAINING = "training", _("Training material")

    PICTURES: ClassVar = (Kind.LOGO, Kind.SCREENSHOT)
    DOCUMENTS: ClassVar = (Kind.SALES, Kind.SUPPORT, Kind.TRAINING)

    offer = models.ForeignKey(Offer, models.CASCADE, related_name="files")
    kind = models.CharField(max_length=10, choices=Kind)
    published_in = models.PositiveIntegerField(null=True, blank=True)  # the number of the first version with it
    is_live = models.BooleanField(default=False)  # whether the live version has it

    objects = OfferFileQuerySet.as_manager()
