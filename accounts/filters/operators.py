"""The filters of operators and of their invitations, for a page and its export. A bad value narrows nothing."""

import django_filters as df
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Operator, OperatorInvitation, Role
from accounts.models.invitation import OperatorInvitationQuerySet
from accounts.models.operator import OperatorQuerySet
from accounts.queries.operator_invitations import make_invitation_step_condition
from partnerportal.lib.filters import FilterSet, SeveralFilter, SinceDayFilter, UntilDayFilter, combine_with_or

# How far an invitation has come, in the words of the tab Pending.
INVITATION_STEPS = {
    "sent": pgettext_lazy("invitation", "Sent"),
    "opened": pgettext_lazy("invitation", "Opened"),
    "bounced": pgettext_lazy("invitation", "Not delivered"),
    "ended": pgettext_lazy("invitation", "Ended"),
    "accepted": pgettext_lazy("invitation", "Accepted"),
    "withdrawn": pgettext_lazy("invitation", "Withdrawn"),
}


class OperatorFilterSet(FilterSet):
    """The filters of operators: by name or address, role, day, and whether they have a second factor."""

    q = df.CharFilter(method="filter_by_text", label=_("Name or address"), max_length=200)
    role = SeveralFilter("roles", lookup_expr="overlap", choices=Role.choices, label=_("Role"))
    since_from = SinceDayFilter("created_at")
    since_to = UntilDayFilter("created_at")
    seen_from = SinceDayFilter("person__last_login")
    seen_to = UntilDayFilter("person__last_login")
    second_factor = df.BooleanFilter(field_name="has_second_factor", label=_("Second factor"))

    class Meta:
        model = Operator
        fields: list[str] = []

    def filter_by_text(self, rows: OperatorQuerySet, name: str, value: str) -> OperatorQuerySet:
        """Keep operators with this text in their name or address."""
        return rows.filter(Q(person__name__icontains=value.strip()) | Q(person__email__icontains=value.strip()))


class OperatorInvitationFilterSet(FilterSet):
    """The filters of invitations of operators: by address, days, and how far they have come."""

    q = df.CharFilter(method="filter_by_text", label=pgettext_lazy("email", "Address"), max_length=200)
    step = SeveralFilter(method="filter_by_step", choices=list(INVITATION_STEPS.items()), label=_("Status"))
    sent_from = SinceDayFilter("created_at")
    sent_to = UntilDayFilter("created_at")
    valid_from = SinceDayFilter("expires_at")
    valid_to = UntilDayFilter("expires_at")

    class Meta:
        model = OperatorInvitation
        fields: list[str] = []

    def filter_by_text(self, rows: OperatorInvitationQuerySet, name: str, value: str) -> OperatorInvitationQuerySet:
        """Keep invitations with this text in their address."""
        return rows.filter(email__icontains=value.strip())

    def filter_by_step(
        self, rows: OperatorInvitationQuerySet, name: str, value: list[str]
    ) -> OperatorInvitationQuerySet:
        """Keep invitations that have come as far as any of these steps."""
        return rows.filter(combine_with_or(make_invitation_step_condition(step) for step in value))
