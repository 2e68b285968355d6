"""Who may know whose name: the organisations that an actor has a reason to meet, though it sees none of their data.

Whoever shares data with the actor is known to it anyway, and the vendor's staff, who look after everybody, know all:
the policy asks about that by itself, once for each statement and not for each organisation. Every further reason stands
here once, in two forms: as rows for the first lock, and as a condition for the policy of organisations, which is the
second. What may be known is what introduces an organisation: its name, country, contact details and programmes. A name
that is kept in another row, such as that of an ended connection, is shown with that row, and nobody can look it up.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Operator, Organization, OrganizationKind, ProgramFeature, ProgramMembership
from accounts.models.organization import OrganizationQuerySet
from connections.models import Connection, InvitationLink, Portfolio
from partnerportal.lib.actors import Actor

KNOWN = OuterRef("pk")  # the organisation that a reason is about


@dataclass(frozen=True)
class OrganizationVisibilityReason:
    """One reason why an actor may see an organisation's name, as a query and as SQL for the database's own rules.

    `rows` returns a queryset for an actor and the token of the invitation that it holds, or "". The queryset refers to
    the organisation in question as KNOWN, and the reason holds if it finds a row. `sql` is the same condition in SQL,
    in which the actor is the tenant and the organisation's primary key is called `known`.
    """

    rows: Callable[[Actor, str], QuerySet]
    sql: str


def _partners_of(actor: Actor) -> QuerySet[Connection]:
    return Connection.objects.active().filter(customer=actor.organization_id)


def _distributor_above(actor: Actor, token: str) -> QuerySet[Organization]:
    """Return the partners below the organisation KNOWN that the actor is, is connected with or is invited by."""
    is_own = Q(pk=actor.organization_id)
    is_connected = Q(pk__in=_partners_of(actor).values("partner"))
    is_inviting = Q(pk__in=InvitationLink.objects.filter(token=token).values("organization"))
    return Organization.objects.filter(is_own | is_connected | is_inviting, parent=KNOWN)


def _publishers_for_all(actor: Actor, token: str) -> QuerySet[Organization]:
    rows = Organization.objects.filter(pk=KNOWN, kind=OrganizationKind.PUBLISHER)
    return rows if actor.organization_id else rows.none()


def _resellers_for_publishers(actor: Actor, token: str) -> QuerySet[ProgramMembership]:
    rows = ProgramMembership.objects.filter(
        organization=KNOWN,
        organization__kind__in=[OrganizationKind.PARTNER, OrganizationKind.DISTRIBUTOR],
        program__grants__contains=[ProgramFeature.MARKETPLACE_PURCHASE],
    )
    return rows if actor.organization_kind == OrganizationKind.PUBLISHER else rows.none()


_PARTNERS = "SELECT partner_id FROM connections_connection WHERE customer_id = portal_org() AND state = 'active'"
_INVITER = "SELECT organization_id FROM connections_invitationlink WHERE token = portal_secret()"

REASONS = [
    OrganizationVisibilityReason(  # the person acts for it
        lambda actor, token: Operator.objects.filter(person=actor.person_id, organization=KNOWN),
        "EXISTS (SELECT FROM accounts_operator WHERE person_id = portal_person() AND organization_id = known)",
    ),
    OrganizationVisibilityReason(  # it is a partner that the actor is connected with as a customer
        lambda actor, token: _partners_of(actor).filter(partner=KNOWN),
        f"EXISTS ({_PARTNERS} AND partner_id = known)",
    ),
    OrganizationVisibilityReason(  # the actor holds its invitation
        lambda actor, token: InvitationLink.objects.filter(token=token, organization=KNOWN),
        f"EXISTS ({_INVITER} AND organization_id = known)",
    ),
    OrganizationVisibilityReason(  # it is the distributor above one of these, or above the actor, and sees the same
        _distributor_above,
        f"""EXISTS (SELECT FROM accounts_organization WHERE parent_id = known
            AND (id = portal_org() OR id IN ({_PARTNERS}) OR id IN ({_INVITER})))""",
    ),
    OrganizationVisibilityReason(  # it is a publisher, whose offers everybody may find
        _publishers_for_all,
        """portal_org() IS NOT NULL
            AND EXISTS (SELECT FROM accounts_organization WHERE id = known AND kind = 'publisher')""",
    ),
    OrganizationVisibilityReason(  # a publisher chooses among those who may resell or could once (CA-11)
        _resellers_for_publishers,
        f"""EXISTS (SELECT FROM accounts_organization WHERE id = portal_org() AND kind = 'publisher')
            AND EXISTS (SELECT FROM accounts_programmembership m JOIN accounts_program p ON p.id = m.program_id
                JOIN accounts_organization o ON o.id = m.organization_id AND o.kind IN ('partner', 'distributor')
                WHERE o.id = known AND '{ProgramFeature.MARKETPLACE_PURCHASE}' = ANY (p.grants))""",  # noqa: S608 - no input
    ),
]
KNOWS_SQL = " OR ".join(reason.sql for reason in REASONS)


def list_organizations_with_visible_name(actor: Actor, token: str = "") -> OrganizationQuerySet:
    """Return the organisations whose names the actor may see; the system and the vendor may see all.

    `token` is the token of an invitation that the actor holds, or "". A query with a token must run inside
    `queries.as_invitation_holder`, because the database checks the token too.
    """
    if actor.is_system or actor.organization_kind == OrganizationKind.VENDOR:
        return Organization.objects.all()
    known = Q(Exists(Portfolio.objects.visible_to(actor).filter(subject=KNOWN)))
    for reason in REASONS:
        known |= Q(Exists(reason.rows(actor, token)))
    return Organization.objects.filter(known)
