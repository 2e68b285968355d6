"""What the search of the whole portal finds of this app: publishers. And what people begin: operators."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.filters.organizations import OrganizationFilterSet
from accounts.models import OrganizationKind
from accounts.policies import ROLE_TABLE, AccountPermission
from accounts.queries.organizations import list_organizations_of_kind
from partnerportal.lib.actors import Actor
from partnerportal.lib.record_search import FoundRecord, PortalAction, RecordSearch, describe_found_organization


def _find_publishers(actor: Actor, text: str, limit: int) -> list[FoundRecord]:
    publishers = list_organizations_of_kind(actor, OrganizationKind.PUBLISHER)
    rows = OrganizationFilterSet({"q": text}, publishers, acting=actor).qs.order_by("name_folded", "pk")[:limit]
    return [describe_found_organization(row, reverse("organization", args=[row.public_id])) for row in rows]


SEARCHES = (
    RecordSearch(
        label=_("Publishers"),
        icon="building",
        order=40,
        seen_by=ROLE_TABLE[AccountPermission.VIEW_ORGANIZATIONS].check_actor,
        find=_find_publishers,
        list_url_name="publishers",
    ),
)
ACTIONS = (
    PortalAction(
        label=_("Add an operator"),
        icon="user-plus",
        url_name="operator_add",
        order=50,
        is_dialog=True,
        seen_by=ROLE_TABLE[AccountPermission.INVITE_OPERATORS].check_actor,
    ),
)
