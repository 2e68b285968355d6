"""Offers of publishers and their plans: identities with a code, whose content stands in versions (CA-1…CA-8).

Four things change on their own and never wait for one another: texts and plans by versions, the audience by a sync,
prices by the day from which they hold, and a stop of sales at once.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationKind, ProgramFeature
from accounts.models.organization import FOLDED
from partnerportal.lib.actors import Actor
from partnerportal.lib.catalogue_entries import LANGUAGES
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.visible_rows import TenantQuerySet


class OfferType(models.TextChoices):
    """The types of offers that publishers can sell through resellers (CA-5, CA-6)."""

    SAAS = "saas", _("SaaS")
    VIRTUAL_MACHINE = "virtual_machine", _("Virtual machine")
    SOLUTION_TEMPLATE = "solution_template", _("Solution template")
    MANAGED_APPLICATION = "managed_application", _("Managed application")
    BUSINESS_CENTRAL = "business_central", _("Dynamics 365 Business Central")
    CONTAINER = "container", _("Container")


BYOL_TYPES = (OfferType.VIRTUAL_MACHINE, OfferType.CONTAINER)  # whose plans can take one's own licence


class PricingModel(models.TextChoices):
    """How the plans of an offer are priced. All plans of an offer have the same model."""

    FLAT = "flat", _("Flat rate")
    PER_SEAT = "per_seat", _("Per licence")


class Audience(models.TextChoices):
    """Who of the partners in the CSP programme may resell an offer (CA-8)."""

    ANY = "any", _("Any partner in the CSP programme")
    SPECIFIC = "specific", _("Specific partners in the CSP programme I select")
    NONE = "none", _("No partners in the CSP programme")


class OfferQuerySet(TenantQuerySet):
    """A queryset of offers: a publisher sees its own, the vendor all, and everybody else those that are published."""

    def rows_for(self, actor: Actor) -> "OfferQuerySet":
        if actor.organization_kind == OrganizationKind.VENDOR:
            return self.all()
        return self.filter(Q(publisher=actor.organization_id) | ~Q(live_version=None))

    def published(self) -> "OfferQuerySet":
        """Return the offers that have a live version."""
        return self.exclude(live_version=None)


class Offer(PublicIdModel):
    """An offer of a publisher. Once published it keeps its code, type and pricing model, and is never deleted."""

    publisher = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="offers")
    code = models.SlugField(max_length=50)  # unique among the publisher's offers
    type = models.CharField(max_length=24, choices=OfferType)
    pricing_model = models.CharField(max_length=10, choices=PricingModel)
    live_version = models.ForeignKey("OfferVersion", models.PROTECT, null=True, blank=True, related_name="+")
    audience = models.CharField(max_length=10, choices=Audience, default=Audience.NONE)  # the one that holds
    audience_revision = models.PositiveIntegerField(default=1)  # how often the audience was saved, for edits to compare
    last_discarded = models.PositiveIntegerField(default=0)  # the revision of the draft that was discarded last
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)  # when its draft was saved or published last
    published_at = models.DateTimeField(null=True, blank=True)  # the first time
    # What lists show, sort and search, copied from the live version by whoever publishes (actions.listing).
    listing = models.JSONField(default=dict)  # by reader's language: name, summary and the language they are in
    search = models.TextField(blank=True, default="")  # folded, in all languages
    sort_en = models.CharField(max_length=FOLDED, blank=True, default="")  # the folded name that a reader sees
    sort_fr = models.CharField(max_length=FOLDED, blank=True, default="")
    sort_ja = models.CharField(max_length=FOLDED, blank=True, default="")
    categories = ArrayField(models.SlugField(), default=list, blank=True)

    objects = OfferQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["publisher", "code"], name="offer_code_once"),
            models.CheckConstraint(
                condition=Q(published_at=None, live_version=None) | ~Q(published_at=None) & ~Q(live_version=None),
                name="offer_published_with_a_version",
            ),
        )
        indexes = tuple(  # of the catalogue, in the order that a reader sees
            models.Index(fields=[f"sort_{code}", "id"], name=f"offer_by_{code}_name", condition=~Q(live_version=None))
            for code in LANGUAGES
        )

    def __str__(self) -> str:
        return self.code

    @property
    def is_published(self) -> bool:
        """Whether the offer has been published; its code, type and pricing model are then fixed."""
        return self.live_version_id is not None

    @property
    def shown_listing(self) -> Mapping[str, Any]:
        """The listing in the reader's language, or else in English. It is empty before the offer is published."""
        return self.listing.get(get_language() or "en") or self.listing.get("en") or {}


class PrivateInfoQuerySet(TenantQuerySet):
    """A queryset of what only the publisher of an offer and the vendor see of it."""

    def rows_for(self, actor: Actor) -> "PrivateInfoQuerySet":
        if actor.organization_kind == OrganizationKind.VENDOR:
            return self.all()
        return self.filter(offer__publisher=actor.organization_id)


class PrivateInfo(models.Model):
    """What of an offer is nobody's but its publisher's and the vendor's to read, also once it is published.

    It is a row of its own, so that row-level security can hide it. The database stores it with each offer, and deletes
    it with the offer by a foreign key of its own (migration 0009).
    """

    offer = models.OneToOneField(Offer, models.DO_NOTHING, db_constraint=False, related_name="private")
    next_audience = models.CharField(max_length=10, choices=Audience, default=Audience.NONE)  # as saved (CA-14)
    landing_page_url = models.URLField(max_length=500, blank=True)  # of a SaaS offer; used when purchases come
    webhook_url = models.URLField(max_length=500, blank=True)

    objects = PrivateInfoQuerySet.as_manager()


class OfferVersionQuerySet(TenantQuerySet):
    """A queryset of versions: a publisher sees its own and the vendor all; everybody else sees the live ones."""

    def rows_for(self, actor: Actor) -> "OfferVersionQuerySet":
        if actor.organization_kind == OrganizationKind.VENDOR:
            return self.all()
        is_live = Exists(Offer.objects.filter(live_version=OuterRef("pk")))
        return self.filter(Q(offer__publisher=actor.organization_id) | is_live)


class OfferVersion(PublicIdModel):
    """The content of an offer: its listing and its plans. A draft is edited until it is published as a numbered one.

    A numbered version never changes (a trigger holds it). `content` is described by `marketplace.content`.
    """

    offer = models.ForeignKey(Offer, models.DO_NOTHING, related_name="versions")  # the database deletes them with it
    number = models.PositiveIntegerField(null=True, blank=True)  # from 1; null for the draft
    content = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=1)  # how often the offer was saved, which edits compare
    changed_at = models.DateTimeField(default=timezone.now)

    objects = OfferVersionQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["offer", "number"], name="offer_version_once"),
            models.UniqueConstraint(fields=["offer"], condition=Q(number=None), name="offer_one_draft"),
            models.CheckConstraint(condition=Q(number=None) | Q(number__gt=0), name="offer_version_number"),
        )


class ChannelInfoQuerySet(TenantQuerySet):
    """A queryset of what only resellers see of a version: its publisher, the vendor and who may resell at all."""

    def rows_for(self, actor: Actor) -> "ChannelInfoQuerySet":
        if actor.organization_kind == OrganizationKind.VENDOR:
            return self.all()
        own = Q(version__offer__publisher=actor.organization_id)
        if ProgramFeature.MARKETPLACE_PURCHASE not in actor.features:
            return self.filter(own)
        return self.filter(own | Q(version__offer__live_version=F("version")))


class ChannelInfo(models.Model):
    """What a version says to resellers alone, never to customers: marketing material and a contact (CA-30, CA-31)."""

    version = models.OneToOneField(OfferVersion, models.CASCADE, related_name="channel")
    content = models.JSONField(default=dict)

    objects = ChannelInfoQuerySet.as_manager()


class PlanQuerySet(TenantQuerySet):
    """A queryset of plans: an actor sees the plans of the offers that it sees, of others' only published ones."""

    def rows_for(self, actor: Actor) -> "PlanQuerySet":
        if actor.organization_kind == OrganizationKind.VENDOR:
            return self.all()
        return self.filter(Q(offer__publisher=actor.organization_id) | ~Q(published_in=None))


class Plan(PublicIdModel):
    """A plan of an offer: an identity whose texts, terms and limits stand in the versions of the offer.

    Its code is fixed, and it is never deleted, once a version with it was published. What decides about its sale is
    copied from the live version by whoever publishes, so that lists need not read the content of versions.
    """

    offer = models.ForeignKey(Offer, models.CASCADE, related_name="plans")
    code = models.SlugField(max_length=50)  # unique in the offer
    published_in = models.PositiveIntegerField(null=True, blank=True)  # the number of the first version with it
    published_at = models.DateTimeField(null=True, blank=True)  # since when buyers see it and its prices
    is_live = models.BooleanField(default=False)  # whether the live version has it
    is_byol = models.BooleanField(default=False)  # bring your own licence, as the live version says
    is_open = models.BooleanField(default=True)  # whether the whole programme may sell it where CA-6 lets it, likewise
    is_one_per_customer = models.BooleanField(default=False)  # as the live version says
    names = models.JSONField(default=dict)  # by reader's language, as the live version says
    position = models.PositiveSmallIntegerField(default=0)  # in the live version

    objects = PlanQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["offer", "code"], name="plan_code_once"),)

    def __str__(self) -> str:
        return self.code

    @property
    def local_name(self) -> str:
        """The name in the reader's language, or the code before the plan is published."""
        return str(self.names.get(get_language() or "en") or self.code)
