"""What people of the main partner have noted about the renewals of the sample data."""

from django.db.models import F

from accounts.models import Operator, Organization
from entitlements.actions.renewal_work import change_renewal_work
from entitlements.models import RenewalState
from entitlements.queries.renewals import list_upcoming_renewals
from partnerportal.lib import tenancy
from partnerportal.sample import cast
from partnerportal.sample.acting import build_admin

# By the nearest ends: state, the first part of the owner's address, and note. Most ends have nothing noted yet.
_NOTED = (
    (RenewalState.RENEWING, "emma.clarke", "Signed for another year. The order goes out on Friday."),
    (RenewalState.QUOTED, "sofia.reyes", "Quote sent with 15 licences more; they want it before their board meets."),
    (RenewalState.CONTACTED, "liam.walsh", "Left a message; IT lead is back next week."),
    (RenewalState.OPEN, "sofia.reyes", ""),
    (RenewalState.QUOTED, "liam.walsh", "Asked for the price of three years."),
    (RenewalState.WILL_LAPSE, "emma.clarke", "Moves this team to Workspace Premium instead."),
    (RenewalState.CONTACTED, "sofia.reyes", "Call on Tuesday about fewer licences."),
    (RenewalState.RENEWING, "liam.walsh", ""),
    (RenewalState.CONTACTED, "emma.clarke", "Budget round ends this month."),
)


def write_sample_renewal_work(organizations: dict[str, Organization]) -> None:
    """Have people of the main partner note what they do about the nearest ends of services in production."""
    actor = build_admin(cast.MAIN, organizations)
    of_main = Operator.objects.filter(organization=organizations[cast.MAIN]).select_related("person")
    owners = {operator.person.email.partition("@")[0]: operator for operator in of_main}
    nearest = list_upcoming_renewals(actor).filter(kind="production").order_by(F("ends_on"), "pk")
    with tenancy.as_tenant(organization_id=actor.organization_id, person_id=actor.person_id):
        for entitlement, (state, owner, note) in zip(nearest[: len(_NOTED)], _NOTED, strict=False):
            change_renewal_work(actor=actor, entitlement=entitlement, state=state, owner=owners[owner], note=note)
