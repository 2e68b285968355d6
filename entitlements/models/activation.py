"""Activation links: personal invitations of new customers and partners to the portal, and their tokens (CV-11)."""

import datetime as dt

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func, Q, Value
from django.db.models.functions import Left, Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationKind, Program
from entitlements.models.entitlement import Sku
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import list_country_choices
from partnerportal.lib.errors import Message
from partnerportal.lib.fields import OneLineModelField
from partnerportal.lib.mailed_invitations import MailedInvitation, MailedInvitationToken
from partnerportal.lib.visible_rows import TenantQuerySet


class ActivationLinkQuerySet(TenantQuerySet):
    """A queryset of activation links.

    An actor sees those that its organisation has sent or is named in as the partner, and the one that it was founded
    by; vendor staff see all.
    """

    def rows_for(self, actor: Actor) -> "ActivationLinkQuerySet":
        if actor.organization_kind == OrganizationKind.VENDOR:
            return self.all()
        own = actor.organization_id
        return self.filter(Q(organization=own) | Q(partner=own) | Q(account=own))

    def of_kind(self, kind: str) -> "ActivationLinkQuerySet":
        """Return the links by which organisations of this kind are invited."""
        return self.filter(kind=kind)


class ActivationLink(MailedInvitation):
    """A personal link by which a new customer or partner is activated: its organisation, first Admin, and what follows.

    For a customer that is a trial, and a connection with `partner` if one is named: the partner that sent the link, or
    the one that a distributor or vendor staff chose. For a partner it is the distributor above it, if that sent the
    link, and a membership of `program`, which begins when vendor staff confirm it.

    Both names are stored as they were, because whoever holds the link may not look the organisations up. The step that
    the link has reached follows from its times.
    """

    class Kind(models.TextChoices):
        """What the invited organisation is."""

        CUSTOMER = "customer", _("Customer")
        PARTNER = "partner", _("Partner")

    class Problem(models.TextChoices):
        """Why the last attempt to accept the link failed, or why it ended though nobody withdrew it."""

        NONE = "", ""
        SKU_WITHDRAWN = "sku_withdrawn", _("The service can no longer be tried.")
        TRIAL_TAKEN = "trial_taken", _("The organisation already has this service, or had it before.")
        PARTNER_NOT_ACTIVE = "partner_not_active", _("The partner’s programme membership is not active.")
        PARTNER_MOVED = "partner_moved", _("The partner no longer belongs to this distributor.")
        NAME_TAKEN = "name_taken", _("Another partner in this country has this name.")
        SUPERSEDED = "superseded", _("Another activation link was used.")

    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")  # the sender
    sender_name = models.CharField(max_length=200)
    kind = models.CharField(max_length=8, choices=Kind)
    name = OneLineModelField(_("organisation name"), max_length=200)
    name_folded = models.GeneratedField(  # by which lists are sorted: without case, accents and width of letters
        expression=Left(
            Lower(
                Func(
                    Func("name", function="normalize", template="%(function)s(%(expressions)s, NFKD)"),
                    Value(r"[\u0300-\u036f]"),
                    Value(""),
                    Value("g"),
                    function="regexp_replace",
                )
            ),
            200,  # as ligatures may unfold into more than an index can hold
        ),
        output_field=models.CharField(max_length=200),
        db_persist=True,
    )
    country = models.CharField(_("country"), max_length=2, choices=list_country_choices)
    partner = models.ForeignKey("accounts.Organization", models.CASCADE, null=True, related_name="+")
    partner_name = models.CharField(max_length=200, blank=True)
    sku = models.ForeignKey(Sku, models.PROTECT, null=True, related_name="+")
    add_on_ids = ArrayField(models.BigIntegerField(), default=list)  # SKUs that are tried with it
    seats = models.PositiveSmallIntegerField(default=0)
    program = models.ForeignKey(Program, models.PROTECT, null=True, related_name="+")
    account = models.ForeignKey("accounts.Organization", models.CASCADE, null=True, related_name="+")  # that accepted
    signed_in_at = models.DateTimeField(null=True)  # when somebody signed in with its address to accept it
    problem = models.CharField(max_length=20, choices=Problem, blank=True)
    problem_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)  # why its sender withdrew it
    declined_at = models.DateTimeField(null=True)  # when vendor staff declined the partner, for `decline_reason`
    decline_reason = models.CharField(max_length=200, blank=True)
    end_told_at = models.DateTimeField(null=True)  # when its sender was told last that it has ended

    objects = ActivationLinkQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(kind="customer", sku__isnull=False, program=None, seats__range=(1, 100))
                | Q(kind="partner", sku=None, program__isnull=False, partner=None, seats=0, add_on_ids=[]),
                name="activation_link_kind",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="activation_link_named"),
            models.CheckConstraint(
                condition=~Q(state="accepted") | Q(account__isnull=False), name="activation_link_has_account"
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at=None) | ~Q(state="open") & Q(closed_at__isnull=False),
                name="activation_link_closed",
            ),
            models.CheckConstraint(
                condition=Q(declined_at=None) | Q(kind="partner", state="accepted"), name="activation_link_declined"
            ),
            models.CheckConstraint(condition=Q(country__regex=r"^[A-Z]{2}$"), name="activation_link_country_shape"),
        )
        indexes = (
            models.Index(fields=["organization", "kind", "-id"], name="activation_by_sender"),
            models.Index(fields=["partner", "-id"], name="activation_by_partner", condition=Q(partner__isnull=False)),
            models.Index(fields=["account"], name="activation_by_account", condition=Q(account__isnull=False)),
            models.Index(fields=["email"], name="activation_by_address", condition=Q(state="open")),
            # Of the vendor, who sees all: for each order of its lists.
            models.Index(fields=["kind", "-id"], name="activation_by_kind"),
            models.Index(fields=["kind", "created_at", "id"], name="activation_by_sending"),
            models.Index(fields=["kind", "expires_at", "id"], name="activation_by_end"),
            models.Index(fields=["kind", "name_folded", "id"], name="activation_by_name"),
            models.Index(fields=["kind", "email", "id"], name="activation_by_email"),
        )

    @property
    def is_for_customer(self) -> bool:
        """Whether the link activates a customer, and no partner."""
        return self.kind == self.Kind.CUSTOMER

    @property
    def last_sent_at(self) -> dt.datetime:
        """When its last mail was queued or its last link was copied: each of these sets its end."""
        sent = max(self.created_at, self.expires_at - settings.PORTAL_ACTIVATION_KEPT)
        return min(sent, timezone.now())  # the setting may have been longer

    @property
    def ended_at(self) -> dt.datetime | None:
        """When the link was used or withdrawn or came to its end; None while it can be accepted."""
        return self.closed_at or (self.expires_at if self.is_expired else None)

    def __str__(self) -> str:
        return self.name


_CURES: dict[str, Message] = {
    ActivationLink.Problem.SKU_WITHDRAWN: _("To send the link again, choose another service."),
    ActivationLink.Problem.TRIAL_TAKEN: _("To send the link again, choose another service."),
    ActivationLink.Problem.PARTNER_NOT_ACTIVE: _("Once the membership is active, the same link will work."),
    ActivationLink.Problem.PARTNER_MOVED: _("To send the link again, choose another partner."),
    ActivationLink.Problem.NAME_TAKEN: _("To send the link again, correct the name."),
}


def describe_activation_problem(problem: str) -> str:
    """Return what stands in the way of a link and what its sender can do; "" for no problem."""
    label = str(ActivationLink.Problem(problem).label)
    return f"{label} {_CURES.get(problem, '')}".strip()


class ActivationTokenQuerySet(TenantQuerySet):
    """A queryset of the tokens of activation links: an actor sees those of the links that it sees."""

    def rows_for(self, actor: Actor) -> "ActivationTokenQuerySet":
        return self.filter(invitation__in=ActivationLink.objects.visible_to(actor))


class ActivationToken(MailedInvitationToken):
    """A token of an activation link, as its mails and copied links hold one each. Only its digest is stored."""

    invitation = models.ForeignKey(ActivationLink, models.CASCADE, related_name="tokens")

    objects = ActivationTokenQuerySet.as_manager()
