"""Organisations of every kind; each of them is a tenant."""

import secrets
import uuid

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.actors import Actor
from partnerportal.lib.addresses import format_address_lines
from partnerportal.lib.countries import list_country_choices
from partnerportal.lib.fields import OneLineModelField
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.scopes import Scope
from partnerportal.lib.text import make_search_key
from partnerportal.lib.visible_rows import TenantQuerySet

PARTNER_ID = r"^[1-9]\d{3,11}$"
FOLDED = 400  # characters of a folded name that are kept


class OrganizationKind(models.TextChoices):
    """The kind of an organisation, such as customer or partner, which decides its pages (CV-1).

    Features come from programme memberships instead.
    """

    VENDOR = "vendor", _("Vendor")
    DISTRIBUTOR = "distributor", _("Distributor")
    PARTNER = "partner", _("Partner")
    CUSTOMER = "customer", _("Customer")
    PUBLISHER = "publisher", _("Publisher")


def generate_org_id() -> str:
    """Return a random ORGID in the vendor's shape: eight digits, of which the first is not zero.

    Another organisation may have the same ORGID; storing it then raises IntegrityError.
    """
    return str(secrets.randbelow(90_000_000) + 10_000_000)


def make_visible_organization_condition(actor: Actor, column: str) -> Q:
    """Return a Q that keeps the rows whose organisation the actor sees; `column` names that organisation.

    An actor sees its own organisation and those that share data with it. Vendor staff see every organisation, because
    they manage them all, but not the data that organisations own.
    """
    if actor.organization_kind == OrganizationKind.VENDOR:
        return Q()
    return Q(**{f"{column}__in": actor.reach(Scope.ACCOUNT)})


class OrganizationQuerySet(TenantQuerySet):
    """A queryset of organisations. An actor sees its own and those that share data with it; vendor staff see all."""

    def rows_for(self, actor: Actor) -> "OrganizationQuerySet":
        return self.filter(make_visible_organization_condition(actor, "pk"))


class Organization(PublicIdModel):
    """An organisation of any kind: the tenant to which people, connections and data belong."""

    class State(models.TextChoices):
        """Whether an organisation takes part in the portal or is suspended.

        The people of a suspended one see that it is, and whom to ask, and nothing else.
        """

        ACTIVE = "active"
        SUSPENDED = "suspended"

    MOVES = {
        State.ACTIVE: frozenset({State.SUSPENDED}),
        State.SUSPENDED: frozenset({State.ACTIVE}),
    }
    BEGINS = State.ACTIVE

    kind = models.CharField(_("type"), max_length=16, choices=OrganizationKind)
    state = models.CharField(max_length=12, choices=State, default=State.ACTIVE, db_default=State.ACTIVE)
    name = OneLineModelField(_("organisation name"), max_length=200)
    name_folded = models.CharField(max_length=FOLDED, editable=False)  # what searches compare: lib.text.make_search_key
    org_id = models.CharField(
        "ORGID", max_length=8, unique=True, default=generate_org_id, validators=[RegexValidator(r"^[1-9]\d{7}$")]
    )
    tenant_id = models.UUIDField(unique=True, default=uuid.uuid4)
    partner_id = models.CharField(  # the number in the vendor's partner network; an organisation may have none
        _("partner ID"), max_length=12, blank=True, db_default="", default="", validators=[RegexValidator(PARTNER_ID)]
    )
    country = models.CharField(_("country"), max_length=2, choices=list_country_choices)
    street = OneLineModelField(_("street"), max_length=200, blank=True)
    postal_code = OneLineModelField(_("postal code"), max_length=20, blank=True)
    city = OneLineModelField(_("city"), max_length=120, blank=True)
    phone = OneLineModelField(_("phone"), max_length=40, blank=True)
    contact_email = models.EmailField(_("contact email"), blank=True)
    website = OneLineModelField(_("web domain"), max_length=120, blank=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="partners", verbose_name=_("distributor")
    )
    # Whether the partners that a distributor onboards need no confirmation by vendor staff.
    onboards_partners_at_once = models.BooleanField(default=False, db_default=False)
    # One of the vendor's operators. The database copies the name and address into the columns below, because
    # the organisation sees them and no operator of the vendor, and empties them with the operator (0002_policies.py).
    account_manager = models.ForeignKey(
        "accounts.Operator", models.DO_NOTHING, null=True, blank=True, db_constraint=False, related_name="manages"
    )
    account_manager_name = OneLineModelField(_("account manager"), max_length=120, blank=True)
    account_manager_email = models.EmailField(_("account manager’s email"), blank=True)
    account_manager_phone = OneLineModelField(_("account manager’s phone"), max_length=40, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    requires_second_factor = models.BooleanField(default=False)  # of everybody who acts for it
    # That of the first Admin's verified address, as the database keeps it (0008_domains.py): None as long as there was
    # no such address, "" if the domain counts no more.
    first_admin_domain = models.CharField(max_length=253, null=True, editable=False)  # noqa: DJ001
    competencies = models.ManyToManyField("accounts.Competency", through="accounts.OrganizationCompetency")
    skills = models.ManyToManyField("accounts.Skill", through="accounts.OrganizationSkill")

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        indexes = (  # of the kinds that the vendor lists from this table; the other kinds have listings of their own
            models.Index(fields=["name_folded", "id"], name="organization_publishers", condition=Q(kind="publisher")),
            models.Index(fields=["id"], name="organization_vendors", condition=Q(kind="vendor")),  # for triggers
        )
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=OrganizationKind.values), name="organization_kind"),
            models.CheckConstraint(condition=~Q(name=""), name="organization_named"),
            models.CheckConstraint(condition=Q(org_id__regex=r"^[1-9]\d{7}$"), name="organization_org_id_shape"),
            models.CheckConstraint(
                condition=Q(parent=None) | Q(kind="partner"), name="organization_only_partners_have_parent"
            ),
            models.CheckConstraint(condition=Q(country__regex=r"^[A-Z]{2}$"), name="organization_country_shape"),
            models.CheckConstraint(condition=Q(state__in=["active", "suspended"]), name="organization_state"),
            models.CheckConstraint(
                condition=~Q(kind="vendor", state="suspended"), name="organization_vendor_takes_part"
            ),
            models.CheckConstraint(
                condition=Q(onboards_partners_at_once=False) | Q(kind="distributor"),
                name="organization_only_distributors_onboard",
            ),
            models.CheckConstraint(
                condition=Q(partner_id="") | Q(partner_id__regex=PARTNER_ID), name="organization_partner_id_shape"
            ),
            models.UniqueConstraint(
                fields=["partner_id"], condition=~Q(partner_id=""), name="organization_partner_id_once"
            ),
        )

    @property
    def is_suspended(self) -> bool:
        """Whether vendor staff have suspended the organisation."""
        return self.state == self.State.SUSPENDED

    @property
    def is_verified(self) -> bool:
        """Whether vendor staff have verified who the organisation is. They do so for every kind except customers.

        The people of a verified organisation cannot change its name, which makes an invitation trustworthy, nor its
        country, which decides its market (E-10).
        """
        return self.kind != OrganizationKind.CUSTOMER

    @property
    def address_lines(self) -> list[str]:
        """The lines of the postal address, in the order that its country uses.

        In Japan the largest unit comes first.
        """
        return format_address_lines(self.country, street=self.street, postal_code=self.postal_code, city=self.city)

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        self.name_folded = make_search_key(self.name)[:FOLDED]  # cut, as one ligature may unfold into a whole sentence
        super().save(*args, **kwargs)  # type: ignore[arg-type]
