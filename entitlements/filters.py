"""The filters of lists, each set for a page, its export and the API. On a page a bad value narrows nothing."""

from datetime import date, timedelta

import django_filters as df
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Q, QuerySet
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, OrganizationKind
from accounts.queries.organizations import ADMIN_CHOICES, make_vacancy_condition
from entitlements.models import (
    ActivationLink,
    CustomerListing,
    Entitlement,
    IngestUpload,
    LicenceRelease,
    LicenseAssignment,
    RenewalState,
    Sku,
    UnusualUse,
)
from entitlements.models.activation import ActivationLinkQuerySet
from entitlements.models.assignment import LicenseAssignmentQuerySet
from entitlements.models.entitlement import EntitlementQuerySet
from entitlements.models.listing import IN_PRODUCTION, NO_EXPIRY, ONLY_ON_TRIAL, OVER, CustomerListingQuerySet
from entitlements.models.release import LicenceReleaseQuerySet
from entitlements.queries.activation import filter_late_links, make_undecided_condition
from entitlements.queries.customers import make_expiry_condition, make_partner_condition, make_sold_partner_condition
from entitlements.queries.releases import RELEASE_VIEWS, WAITING
from entitlements.queries.renewal_work import UNASSIGNED, make_owners_condition, make_state_condition
from entitlements.queries.trials import TRIAL_VIEWS
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import list_country_choices
from partnerportal.lib.days import today
from partnerportal.lib.filters import (
    DayFilter,
    FilterSet,
    SeveralFilter,
    SeveralIdsFilter,
    SeveralTextsFilter,
    SinceDayFilter,
    UntilDayFilter,
    WholeNumberFilter,
    combine_with_or,
    make_words_condition,
)
from partnerportal.lib.lists import SIZES
from partnerportal.lib.mailed_invitations import filter_live
from partnerportal.lib.scopes import Scope
from partnerportal.lib.visible_rows import parse_public_ids

Rows = CustomerListingQuerySet
SPANS = (7, 30, 60, 90)  # days ahead that a list of renewals may cover
MOST_CUSTOMERS = max(SIZES)  # ORGIDs in a filter of renewals: as many as a page of customers has
NAMED_DAYS = ("on", "ends_from", "ends_to")  # filters of renewals that take precedence over the days ahead
CREATED_WITHIN = ((30, _("30 days")), (90, _("90 days")), (365, _("12 months")))  # days since a customer was created
EXPIRES_WITHIN = ((30, _("30 days")), (60, _("60 days")), (90, _("90 days")))  # days ahead of a customer's next expiry
ENDS_WITHIN = ((7, _("7 days")), *EXPIRES_WITHIN)  # the SPANS with their labels


class CustomerFilterSet(FilterSet):
    """The filters of customers: by text, partner, type, status, and by what they run and how.

    Each word of `q` is part of the name, the web domain or the ORGID, without regard to case and accents.
    """

    q = df.CharFilter(method="filter_by_text", label=_("Name, web domain or ORGID"), max_length=200)
    partner = df.CharFilter(method="filter_by_partner", label=_("Partner"), max_length=8)
    kind = df.ChoiceFilter(choices=OrganizationKind.choices, label=_("Type"))
    level = df.ChoiceFilter(method="filter_by_level", choices=Entitlement.Kind.choices, label=_("Subscription level"))
    state = df.ChoiceFilter(choices=Organization.State.choices, label=_("Status"))
    created_within = df.TypedChoiceFilter(
        method="filter_by_creation", choices=CREATED_WITHIN, coerce=int, label=_("Created in the last")
    )
    country = SeveralFilter(choices=list_country_choices, label=_("Country"))
    sku = SeveralTextsFilter(method="filter_by_sku", label=_("Service"), max_length=60)
    seats_min = WholeNumberFilter(method="filter_by_seats", label=_("Licences purchased, at least"))
    seats_max = WholeNumberFilter(method="filter_by_seats", label=_("Licences purchased, at most"))
    used_min = WholeNumberFilter(method="filter_by_share", label=_("Licences assigned (%), at least"))
    used_max = WholeNumberFilter(method="filter_by_share", label=_("Licences assigned (%), at most"))
    expires_from = DayFilter(method="filter_by_last_day", label=_("Next expiry, from"))
    expires_to = DayFilter(method="filter_by_last_day", label=_("Next expiry, until"))
    connected_since = SinceDayFilter("connected_at", label=_("Connected since"))
    expires_within = df.TypedChoiceFilter(
        method="filter_by_expiry", choices=EXPIRES_WITHIN, coerce=int, label=_("Expires within")
    )
    trials = df.BooleanFilter(method="filter_on_trial", label=_("Has a trial"), widget=df.widgets.BooleanWidget)
    requests = df.BooleanFilter(
        method="filter_waiting_for_trial", label=_("Waiting for a trial"), widget=df.widgets.BooleanWidget
    )
    over = df.BooleanFilter(method="filter_over_licence", label=_("Over limit"), widget=df.widgets.BooleanWidget)
    unusual = df.ChoiceFilter(method="filter_unusual", choices=UnusualUse.choices, label=_("Unusual usage"))

    class Meta:
        model = CustomerListing
        fields: list[str] = []

    def filter_by_text(self, rows: Rows, name: str, value: str) -> Rows:
        """Keep customers of whom each word of the text is part of the name (any accents), the domain or the ORGID."""
        return rows.filter(make_words_condition(value, "search"))

    def filter_by_partner(self, rows: Rows, name: str, value: str) -> Rows:
        """Keep customers that a distributor sees through the partner with this ORGID."""
        return rows.filter(make_partner_condition(value))

    def filter_by_level(self, rows: Rows, name: str, value: str) -> Rows:
        """Keep customers that run something in production, or those that run nothing but trials."""
        return rows.filter(IN_PRODUCTION if value == Entitlement.Kind.PRODUCTION else ONLY_ON_TRIAL)

    def filter_by_creation(self, rows: Rows, name: str, value: int) -> Rows:
        """Keep customers whose organisation was created in the last `value` days."""
        return rows.filter(created_at__gte=timezone.now() - timedelta(days=value))

    def filter_by_sku(self, rows: Rows, name: str, value: list[str]) -> Rows:
        """Keep customers that run a SKU with one of these codes."""
        return rows.filter(skus__overlap=ArraySubquery(Sku.objects.filter(code__in=value).values("pk")))

    def filter_by_seats(self, rows: Rows, name: str, value: int) -> Rows:
        """Keep customers by the seats that they have purchased. Who does not share them is left out."""
        bound = {"seats__gte" if name == "seats_min" else "seats__lte": value}
        return rows.with_shared_scope(Scope.ENTITLEMENTS).filter(**bound)

    def filter_by_share(self, rows: Rows, name: str, value: int) -> Rows:
        """Keep customers by the share of their seats that is assigned, in percent. Who has no seats is left out."""
        share = F("assigned") * 100
        bound = GreaterThanOrEqual if name == "used_min" else LessThanOrEqual
        return rows.filter(bound(share, F("seats") * value), seats__gt=0)

    def filter_by_last_day(self, rows: Rows, name: str, value: date) -> Rows:
        """Keep customers whose next expiry is this day or later, or this day or before, and so none without one."""
        bound = {"next_expiry_on__gte" if name == "expires_from" else "next_expiry_on__lte": value}
        return rows.filter(**bound).exclude(next_expiry_on=NO_EXPIRY)

    def filter_by_expiry(self, rows: Rows, name: str, value: int) -> Rows:
        """Keep customers whose next expiry is at most `value` days from today (UTC)."""
        return rows.filter(make_expiry_condition(timedelta(days=value)))

    def filter_on_trial(self, rows: Rows, name: str, value: bool) -> Rows:
        """Keep customers that run a trial; for False keep customers that are known to run none."""
        return rows.filter(trials__gt=0) if value else rows.with_shared_scope(Scope.ENTITLEMENTS).filter(trials=0)

    def filter_waiting_for_trial(self, rows: Rows, name: str, value: bool) -> Rows:
        """Keep customers with an undecided request for a trial; for False customers that are known to have none."""
        return rows.filter(requests__gt=0) if value else rows.with_shared_scope(Scope.ENTITLEMENTS).filter(requests=0)

    def filter_over_licence(self, rows: Rows, name: str, value: bool) -> Rows:
        """Keep customers with an overage of any SKU; for False keep customers that are known to have none."""
        return rows.filter(OVER) if value else rows.with_shared_scope(Scope.ENTITLEMENTS).exclude(OVER)

    def filter_unusual(self, rows: Rows, name: str, value: str) -> Rows:
        """Keep customers whose use shows this kind of UnusualUse, as of their latest report."""
        return rows.filter(unusual__contains=[value])


class SoldCustomerFilterSet(CustomerFilterSet):
    """The filters of customers for the vendor's staff, who see no connections but whose customers are whose."""

    admin = df.ChoiceFilter(method="filter_by_admin", choices=ADMIN_CHOICES, label=_("Admins"))

    def filter_by_partner(self, rows: Rows, name: str, value: str) -> Rows:
        """Keep customers of the partner with this ORGID, or of the partners below the distributor with it."""
        return rows.filter(make_sold_partner_condition(value))

    def filter_by_admin(self, rows: Rows, name: str, value: str) -> Rows:
        """Keep customers that have no Admin."""
        return rows.filter(make_vacancy_condition(self.acting, "customer"))


def choose_customer_filter_set(actor: Actor) -> type[CustomerFilterSet]:
    """Return the filters of the list of customers that the actor has."""
    is_vendor = actor.organization_kind == OrganizationKind.VENDOR
    return SoldCustomerFilterSet if is_vendor else CustomerFilterSet


class LicenceHolderFilterSet(FilterSet):
    """The filters of licences that somebody holds: by holder, and those that are not used.

    `q` matches part of an e-mail address or of a device's name.
    """

    q = df.CharFilter(field_name="holder", lookup_expr="icontains", label=_("User or device"), max_length=200)
    unused = df.BooleanFilter(method="filter_unused", widget=df.widgets.BooleanWidget, label=_("Not used in 30 days"))

    class Meta:
        model = LicenseAssignment
        fields: list[str] = []

    def filter_unused(self, rows: LicenseAssignmentQuerySet, name: str, value: bool) -> LicenseAssignmentQuerySet:
        """Keep licences that were not used for thirty days; for False all of them."""
        return rows.unused() if value else rows


class TrialFilterSet(FilterSet):
    """The filters of trials: by customer, country, service, licences, days, and state (waiting, running or closed).

    `q` matches part of a customer's name, without regard to case and accents, or the beginning of its ORGID.
    """

    q = df.CharFilter(method="filter_by_customer", label=_("Name or ORGID"), max_length=200)
    sku = SeveralTextsFilter("sku__code", label=_("Service"), max_length=60)
    country = SeveralFilter("customer__country", choices=list_country_choices, label=_("Country"))
    state = df.ChoiceFilter(method="filter_by_state", choices=[(name, name) for name in TRIAL_VIEWS])
    licences_min = WholeNumberFilter("quantity", "gte")
    licences_max = WholeNumberFilter("quantity", "lte")
    requested_from = SinceDayFilter("created_at")
    requested_to = UntilDayFilter("created_at")
    ends_from = DayFilter("ends_on", "gte")
    ends_to = DayFilter("ends_on", "lte")

    class Meta:
        model = Entitlement
        fields: list[str] = []

    def filter_by_customer(self, rows: EntitlementQuerySet, name: str, value: str) -> EntitlementQuerySet:
        """Keep trials of customers of whom each word of the text is part of the name or the ORGID."""
        return rows.filter(make_words_condition(value, "customer__name_folded", "customer__org_id"))

    def filter_by_state(self, rows: EntitlementQuerySet, name: str, value: str) -> EntitlementQuerySet:
        """Keep trials in one state: waiting, running, or ended, which includes declined ones."""
        return rows.filter(state__in=TRIAL_VIEWS[value])


class LicenceReleaseFilterSet(FilterSet):
    """The filters of licence releases: by customer, country, service, day, and state (waiting or released).

    Without a `state` they keep the licences that wait.
    """

    q = df.CharFilter(method="filter_by_customer", label=_("Name or ORGID"), max_length=200)
    sku = SeveralTextsFilter("sku__code", label=_("Service"), max_length=60)
    country = SeveralFilter(choices=list_country_choices, label=_("Country"))
    state = df.ChoiceFilter(method="filter_by_state", choices=[(name, name) for name in RELEASE_VIEWS])
    asked_from = SinceDayFilter("asked_at")
    asked_to = UntilDayFilter("asked_at")

    class Meta:
        model = LicenceRelease
        fields: list[str] = []

    def filter_queryset(self, queryset: LicenceReleaseQuerySet) -> LicenceReleaseQuerySet:
        rows: LicenceReleaseQuerySet = super().filter_queryset(queryset)
        return rows if self.form.cleaned_data.get("state") else rows.filter(RELEASE_VIEWS[WAITING]())

    def filter_by_customer(self, rows: LicenceReleaseQuerySet, name: str, value: str) -> LicenceReleaseQuerySet:
        """Keep licences of customers whose name contains the text in any case, or whose ORGID begins with it."""
        return rows.filter(Q(customer_name__icontains=value) | Q(org_id__startswith=value))

    def filter_by_state(self, rows: LicenceReleaseQuerySet, name: str, value: str) -> LicenceReleaseQuerySet:
        """Keep licences that wait for their release, or those that were released recently."""
        return rows.filter(RELEASE_VIEWS[value]())


class RenewalFilterSet(FilterSet):
    """The filters of renewals: by customer, country, service, kind, licences, last day, and own work.

    `customer` is the ORGID of one or several customers. The last day is within some days, on one day, or between two.
    `state` and `owner` are of the work of the actor's organisation; an owner is the public id of one of its operators,
    or "none".
    """

    q = df.CharFilter(method="filter_by_customer", label=_("Name or ORGID"), max_length=200)
    sku = SeveralTextsFilter("sku__code", label=_("Service"), max_length=60)
    customer = SeveralTextsFilter(
        "customer__org_id",
        at_most=MOST_CUSTOMERS,
        label=_("Customer"),
        help_text=f"ORGIDs of customers, separated by commas, {MOST_CUSTOMERS} at most.",
    )
    country = SeveralFilter("customer__country", choices=list_country_choices, label=_("Country"))
    kind = df.ChoiceFilter(choices=Entitlement.Kind.choices, label=_("Type"))
    licences_min = WholeNumberFilter("quantity", "gte")
    licences_max = WholeNumberFilter("quantity", "lte")
    ends_from = DayFilter("ends_on", "gte")
    ends_to = DayFilter("ends_on", "lte")
    within = df.TypedChoiceFilter(
        method="filter_ending_within", choices=ENDS_WITHIN, coerce=int, label=_("Expires within")
    )
    on = DayFilter("ends_on", label=_("Last day"))
    state = SeveralFilter(method="filter_by_work_state", choices=RenewalState.choices, label=_("State"))
    owner = SeveralTextsFilter(method="filter_by_owner", max_length=36, label=_("Owner"))

    class Meta:
        model = Entitlement
        fields: list[str] = []

    def filter_by_customer(self, rows: EntitlementQuerySet, name: str, value: str) -> EntitlementQuerySet:
        """Keep entitlements of customers of whom each word of the text is part of the name or the ORGID."""
        return rows.filter(make_words_condition(value, "customer__name_folded", "customer__org_id"))

    def filter_by_work_state(self, rows: EntitlementQuerySet, name: str, value: list[str]) -> EntitlementQuerySet:
        """Keep entitlements by how far the actor's organisation is with their end. Without work it is open."""
        return rows.filter(combine_with_or(make_state_condition(self.acting, state) for state in value))

    def filter_by_owner(self, rows: EntitlementQuerySet, name: str, value: list[str]) -> EntitlementQuerySet:
        """Keep entitlements that operators of the actor's organisation look after, or that nobody does ("none").

        Values that are neither narrow nothing.
        """
        owners = [owner for owner in value if owner == UNASSIGNED or parse_public_ids([owner])]
        return rows.filter(make_owners_condition(self.acting, owners))

    def filter_ending_within(self, rows: EntitlementQuerySet, name: str, value: int) -> EntitlementQuerySet:
        """Keep entitlements that end at most `value` days from today (UTC), unless their days are named."""
        if any(self.form.cleaned_data.get(name) for name in NAMED_DAYS):
            return rows
        return rows.filter(ends_on__lte=today() + timedelta(days=value))


class UploadFilterSet(FilterSet):
    """The filters of what the vendor's systems have sent: by source, kind of file, day, and whether it had errors."""

    source = SeveralIdsFilter("token__public_id", label=_("Source"))
    kind = SeveralFilter(choices=IngestUpload.Kind.choices, label=_("Type"))
    received_from = SinceDayFilter("received_at")
    received_to = UntilDayFilter("received_at")
    errors = df.BooleanFilter(method="filter_errors", label=_("With errors"), widget=df.widgets.BooleanWidget)

    class Meta:
        model = IngestUpload
        fields: list[str] = []

    def filter_errors(self, rows: QuerySet[IngestUpload], name: str, value: bool) -> QuerySet[IngestUpload]:
        """Keep files that failed or had lines which were not stored; for False those without."""
        has_errors = Q(state=IngestUpload.State.FAILED) | Q(counts__error__gt=0)
        return rows.filter(has_errors) if value else rows.exclude(has_errors)


ACTIVATION_STATES = ("open", "late", "unconfirmed", "done", "ended")  # the tabs of lists of activation links


class ActivationFilterSet(FilterSet):
    """The filters of activation links: by organisation or address, country, days, and state.

    `q` matches part of the organisation's name or of the e-mail address, in any case. The links must come from
    `list_activation_links`.
    """

    q = df.CharFilter(method="filter_by_text", label=_("Name or email"), max_length=200)
    country = SeveralFilter(choices=list_country_choices, label=_("Country"))
    state = df.ChoiceFilter(method="filter_by_state", choices=[(name, name) for name in ACTIVATION_STATES])
    sent_from = SinceDayFilter("created_at")
    sent_to = UntilDayFilter("created_at")
    valid_from = SinceDayFilter("expires_at")
    valid_to = UntilDayFilter("expires_at")

    class Meta:
        model = ActivationLink
        fields: list[str] = []

    def filter_by_text(self, rows: ActivationLinkQuerySet, name: str, value: str) -> ActivationLinkQuerySet:
        """Keep links whose organisation's name or e-mail address contains the text in any case."""
        return rows.filter(Q(name__icontains=value) | Q(email__icontains=value))

    def filter_by_state(self, rows: ActivationLinkQuerySet, name: str, value: str) -> ActivationLinkQuerySet:
        """Keep links by the tab of their list: one of ACTIVATION_STATES."""
        if value == "open":
            return filter_live(rows)  # type: ignore[return-value]
        if value == "late":
            return filter_late_links(rows)  # type: ignore[return-value]
        if value == "ended":
            is_expired = Q(state=ActivationLink.State.OPEN, expires_at__lte=timezone.now())
            is_declined = Q(declined_at__isnull=False, is_confirmed=False)
            return rows.filter(Q(state=ActivationLink.State.REVOKED) | is_expired | is_declined)
        if value == "unconfirmed":
            return rows.filter(make_undecided_condition())
        return rows.filter(state=ActivationLink.State.ACCEPTED).exclude(kind="partner", is_confirmed=False)
