"""Invitation links, connections, and the portfolio: which organisations' data may be seen because of them."""

from typing import Any

from django.db import models
from django.db.models import ExpressionWrapper, F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.actors import Actor
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.scopes import ALL, Scope
from partnerportal.lib.tokens import generate_token
from partnerportal.lib.visible_rows import TenantQuerySet


class InvitationLinkQuerySet(TenantQuerySet):
    """A queryset of invitation links; an actor sees only the link of its own organisation."""

    def rows_for(self, actor: Actor) -> "InvitationLinkQuerySet":
        return self.filter(organization=actor.organization_id)


class InvitationLink(models.Model):
    """The one link by which a partner invites customers: reusable, and without an expiry date (CC-42…CC-46).

    A trigger creates it together with the partner.
    """

    organization = models.OneToOneField("accounts.Organization", models.CASCADE, related_name="invitation_link")
    token = models.CharField(max_length=64, unique=True, default=generate_token)
    created_at = models.DateTimeField(default=timezone.now)

    objects = InvitationLinkQuerySet.as_manager()

    @property
    def page_path(self) -> str:
        """The path of the invitation's page, such as "/i/TOKEN/", without the portal's host."""
        return f"/i/{self.token}/"


class ConnectionQuerySet(TenantQuerySet):
    """A queryset of connections; an actor sees those in which its organisation is the partner or the customer."""

    def rows_for(self, actor: Actor) -> "ConnectionQuerySet":
        return self.filter(Q(partner=actor.organization_id) | Q(customer=actor.organization_id))

    def active(self) -> "ConnectionQuerySet":
        """Return the connections that are in force: those that have not ended."""
        return self.filter(state=Connection.State.ACTIVE)


class Connection(PublicIdModel):
    """A customer's connection with a partner, which sees what the customer shares (CC-9).

    It lasts until one side ends it (CC-25). Connecting again later creates another row (E-3). Both names are stored as
    they were at the start, because after the end neither side may look the other up.
    """

    class State(models.TextChoices):
        """Whether a connection is in force."""

        ACTIVE = "active", _("Active")
        ENDED = "ended", _("Ended")

    MOVES = {State.ACTIVE: frozenset({State.ENDED}), State.ENDED: frozenset()}
    BEGINS = State.ACTIVE

    partner = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="customer_connections")
    customer = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="partner_connections")
    partner_name = models.CharField(max_length=200)
    customer_name = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    scopes = models.PositiveSmallIntegerField(default=Scope.ACCOUNT)  # what the customer shares: see Consent
    connected_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey("accounts.Organization", models.PROTECT, null=True, blank=True, related_name="+")

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["partner", "customer"], name="connection_one_live_per_pair", condition=Q(state="active")
            ),
            models.CheckConstraint(condition=~Q(partner=F("customer")), name="connection_two_sides"),
            models.CheckConstraint(
                condition=Q(state="active", ended_at=None, ended_by=None)
                | Q(state="ended", ended_at__isnull=False, ended_by__isnull=False),
                name="connection_end_is_known",
            ),
            models.CheckConstraint(condition=Q(scopes__range=(Scope.ACCOUNT, ALL)), name="connection_scopes_known"),
        )
        indexes = (  # on the partner's side alone: a partner may have 20,000 connections, a customer has a few
            models.Index(fields=["partner", "connected_at", "id"], name="connection_live", condition=Q(state="active")),
            models.Index(fields=["partner", "ended_at", "id"], name="connection_ended", condition=Q(state="ended")),
        )

    @property
    def shared_scopes(self) -> Scope:
        """The scopes that the customer shares with the partner; Scope.NONE once the connection has ended."""
        return Scope(self.scopes) if self.state == self.State.ACTIVE else Scope.NONE

    def __str__(self) -> str:
        return f"{self.partner_name} – {self.customer_name}"


class ConsentQuerySet(TenantQuerySet):
    """A queryset of consents; an actor sees only those that its own organisation has given."""

    def rows_for(self, actor: Actor) -> "ConsentQuerySet":
        return self.filter(connection__customer=actor.organization_id)


class Consent(models.Model):
    """A record that a customer agreed to share data with a partner: what, when and by whom (E-14). It never changes.

    The newest consent of a connection is in force: a trigger copies its `scopes` to the connection. `offered` are the
    scopes that could be chosen at the time, so that a scope that is added later is not granted and the customer is
    asked. `wording` is the version of the texts that the person read, as WORDING in consent.py, and `language` their
    language. Both are empty where a program consented through the API.
    """

    connection = models.ForeignKey(Connection, models.PROTECT, related_name="consents")
    scopes = models.PositiveSmallIntegerField()
    offered = models.PositiveSmallIntegerField()
    wording = models.CharField(max_length=10, blank=True)
    language = models.CharField(max_length=10, blank=True)
    at = models.DateTimeField(default=timezone.now)
    person_id = models.BigIntegerField(null=True)
    person_label = models.CharField(max_length=200, blank=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(scopes__range=(Scope.ACCOUNT, ALL), offered__range=(Scope.ACCOUNT, ALL)),
                name="consent_scopes_known",
            ),
        )

    @property
    def version(self) -> str:
        """The time of the consent in microseconds, as digits; it tells apart the consents of one connection."""
        return f"{self.at:%Y%m%d%H%M%S%f}"


class CustomerPartnerQuerySet(TenantQuerySet):
    """A queryset of CustomerPartner rows: an actor sees the rows with its own organisation as viewer."""

    def rows_for(self, actor: Actor) -> "CustomerPartnerQuerySet":
        return self.filter(viewer=actor.organization_id)


class CustomerPartner(models.Model):
    """A partner through which a distributor sees a customer: one row for each connection of a partner below it.

    The vendor has a row for each connection too: its staff know which partners a customer has, by name, and see nothing
    of the customer by it. A customer of two partners has two rows. The portfolio has one for both, because it says what
    is seen and not through whom. Triggers write it in the transaction that changes a connection or a partner's
    distributor; `manage.py rebuild_portfolio --check` compares it with the connections.
    """

    viewer = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    partner = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    partner_org_id = models.CharField(max_length=8)  # by which lists are narrowed: it never changes

    objects = CustomerPartnerQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["viewer", "customer", "partner"], name="customer_partner_once"),)
        indexes = (models.Index(fields=["viewer", "partner_org_id", "customer"], name="customer_partner_of_partner"),)


class PortfolioQuerySet(TenantQuerySet):
    """A queryset of the portfolio, the table of who sees whose data.

    An actor sees the rows in which its own organisation is the viewer.
    """

    def rows_for(self, actor: Actor) -> "PortfolioQuerySet":
        return self.filter(viewer=actor.organization_id)

    def filter_connected_customers(self) -> "PortfolioQuerySet":
        """Return the rows in which the viewer sees a customer because of an active connection.

        That is its own connection or that of a partner below it. The rows in which an organisation sees itself, or a
        distributor sees its partners, are left out.
        """
        return self.filter(path__in=(Portfolio.AccessPath.CONNECTION, Portfolio.AccessPath.PARTNER_CUSTOMER))

    def filter_sharing_scope(self, scope: Any) -> "PortfolioQuerySet":
        """Return the rows whose subject shares everything in `scope` with the viewer.

        `scope` is a Scope, or a database expression for its number.
        """
        if scope == Scope.ACCOUNT:  # which every row shares
            return self
        shared = ExpressionWrapper(F("scopes").bitand(scope), output_field=models.SmallIntegerField())
        return self.alias(shared=shared).filter(shared=scope)

    def limit_orders_to_own_organization(self, scope: Any) -> "PortfolioQuerySet":
        """If `scope` includes orders, return only the rows in which the viewer sees itself; otherwise all rows (E-13).

        `scope` is a Scope, or a database expression for its number.
        """
        if isinstance(scope, Scope):
            return self.filter(subject=F("viewer")) if Scope.ORDERS in scope else self
        orders = ExpressionWrapper(scope.bitand(Scope.ORDERS), output_field=models.SmallIntegerField())
        return self.alias(orders=orders).filter(Q(orders=0) | Q(subject=F("viewer")))


class Portfolio(models.Model):
    """The table of who sees whose data: one row for each viewer and each organisation that the viewer sees (subject).

    Triggers write it in the transaction that changes an organisation or a connection; nothing else does. `manage.py
    rebuild_portfolio --check` compares it with its definition, the database view portfolio_basis.
    """

    class AccessPath(models.TextChoices):
        """The reason why the viewer sees the subject.

        If several hold, the first in the order of the values is stored. A customer's consent comes before being a
        partner of the viewer, because it may share more than account data.
        """

        SELF = "1_self"  # the subject is the viewer itself
        CONNECTION = "2_connection"  # the subject is a customer that is connected with the viewer
        PARTNER_CUSTOMER = "3_partner_customer"  # the subject is a customer of a partner below the viewer
        PARTNER = "4_partner"  # the subject is a partner below the viewer, a distributor: account data alone (E-15)

    viewer = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    subject = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    path = models.CharField(max_length=20, choices=AccessPath)
    scopes = models.PositiveSmallIntegerField()  # what the subject shares with the viewer, by all paths together
    since = models.DateTimeField()

    objects = PortfolioQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["viewer", "subject"], name="portfolio_once"),)
