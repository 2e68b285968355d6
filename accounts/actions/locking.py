"""How the actions of vendor staff on an organisation lock it, and learn that a colleague was there before."""

from accounts.facts import StandingAspect, digest_standing
from accounts.models import Organization
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import NotFound
from partnerportal.lib.states import make_changed_meanwhile_error


def lock_organization(actor: Actor, organization: Organization) -> Organization:
    """Return an organisation as it is stored now, locked until the transaction ends.

    Nobody waits for the lock who only names the organisation in a new row. Raises NotFound for an organisation that the
    actor does not see.
    """
    rows = Organization.objects.visible_to(actor).select_for_update(of=("self",), no_key=True)
    row = rows.filter(pk=organization.pk).first()
    if row is None:
        raise NotFound("not_found", "")
    return row


def ensure_as_seen(organization: Organization, aspect: StandingAspect, seen: str | None) -> None:
    """Raise Conflict("changed_meanwhile") unless one side of a locked organisation is as the person saw it.

    `seen` is the digest that `digest_standing` made for the dialog, or None for any. An action asks once it knows that
    it would change something, so that a form which is sent twice does nothing the second time and complains of nothing.
    """
    if seen is not None and seen != digest_standing(organization, aspect):
        raise make_changed_meanwhile_error()
