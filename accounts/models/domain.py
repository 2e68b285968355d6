"""Domains by which an organisation shows that it owns its people's e-mail addresses (CV-19, E-6)."""

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.organization import OrganizationKind
from partnerportal.lib.actors import Actor
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.visible_rows import TenantQuerySet

RECORD_LABEL = "_partnerportal"  # the TXT record stands below the domain: whoever owns it may have others of its own
LONGEST_VALUE = 120  # characters of a record that are kept of what a check has found


def make_record_value() -> str:
    """Return a new value for the TXT record that proves a domain. Nobody can guess it."""
    return f"partnerportal-domain={uuid.uuid4().hex}"


class OrganizationDomainQuerySet(TenantQuerySet):
    """A queryset of domains: an actor sees those of its own organisation, and vendor staff those of every one."""

    def rows_for(self, actor: Actor) -> "OrganizationDomainQuerySet":
        if actor.organization_kind == OrganizationKind.VENDOR:
            return self.all()
        return self.filter(organization=actor.organization_id)  # OWN: what others have proved tells of their people

    def of_organization(self, organization_id: int | None) -> "OrganizationDomainQuerySet":
        """Return the domains of the organisation with this primary key."""
        return self.filter(organization=organization_id)


class OrganizationDomain(PublicIdModel):
    """A domain that an organisation says is its own, with the TXT record that proves it.

    Several organisations may prove the same domain, each by a record of its own. What the last check found stands in
    `outcome`, `found_at` and `found`.
    """

    class State(models.TextChoices):
        """Whether the domain is proved: not yet, at present, or no longer."""

        OPEN = "open", _("Not verified yet")
        PROVED = "proved", _("Verified")
        LAPSED = "lapsed", _("Lapsed")

    class Outcome(models.TextChoices):
        """What a check has found. Each but FOUND and NO_RESOLVER counts as failed."""

        FOUND = "found"  # the record
        ELSEWHERE = "elsewhere"  # the record, below the name `found_at`, where it does not count
        OTHER_VALUE = "other_value"  # other records at its name: `found`
        NO_RECORD = "no_record"  # no record, or not even the name
        SERVER_FAILED = "server_failed"  # the domain's own servers answer with an error, or not at all
        LOOP = "loop"  # aliases (CNAME) that lead in a circle, or too many of them
        BAD_ANSWER = "bad_answer"  # an answer that is cut off or cannot be read
        NO_RESOLVER = "no_resolver"  # the portal's own resolvers do not answer: this says nothing of the domain

    MOVES: ClassVar = {State.OPEN: {State.PROVED}, State.PROVED: {State.LAPSED}, State.LAPSED: {State.PROVED}}
    BEGINS = State.OPEN

    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="domains", db_index=False)
    name = models.CharField(max_length=253)  # as lib.domain_names.parse_domain_name spells it
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    record_value = models.CharField(max_length=64, default=make_record_value, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    proved_at = models.DateTimeField(null=True, editable=False)  # the last time when it became proved
    confirmed_at = models.DateTimeField(null=True, editable=False)  # when vendor staff said whose it is
    next_check_at = models.DateTimeField(null=True)  # in the past: a worker checks it as soon as it can
    checked_at = models.DateTimeField(null=True, editable=False)
    failed_checks = models.PositiveSmallIntegerField(default=0, editable=False)  # in a row
    failing_since = models.DateTimeField(null=True, editable=False)  # the first of these
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True, editable=False)
    found_at = models.CharField(max_length=253, blank=True, editable=False)
    found = ArrayField(models.CharField(max_length=LONGEST_VALUE), default=list, blank=True, editable=False)

    objects = OrganizationDomainQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["organization", "name"], name="organization_domain_once"),
            models.CheckConstraint(
                condition=Q(state__in=["open", "proved", "lapsed"]), name="organization_domain_state"
            ),
            models.CheckConstraint(
                condition=Q(state="open") | Q(proved_at__isnull=False), name="organization_domain_proved"
            ),
        )
        indexes = (
            models.Index(fields=["name"], name="organization_domain_by_name", condition=Q(state="proved")),
            models.Index(fields=["next_check_at"], name="organization_domain_due"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def record_name(self) -> str:
        """The name at which the TXT record has to stand."""
        return f"{RECORD_LABEL}.{self.name}"

    @property
    def is_check_due(self) -> bool:
        """Whether a check is waited for."""
        return self.next_check_at is not None and self.next_check_at <= timezone.now()
