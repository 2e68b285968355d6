"""The import of offers by vendor staff, through the publisher's own actions: create, save, choose, publish."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db import transaction

from accounts.models import Organization, OrganizationKind
from marketplace.actions.audience import add_to_audience, choose_audience
from marketplace.actions.offers import create_offer, publish_offer, save_draft
from marketplace.content import find_problems
from marketplace.models import Authorization, Offer, OfferVersion
from marketplace.queries.offers import get_newest_version
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import DomainError
from partnerportal.lib.json_lines.facts import Answers, LineOutcome, LineProblem, ValidLine
from partnerportal.lib.policies import authorize_system

DRAFT_IN_WORK = "The publisher is editing a draft of this offer. To replace it, set replace_draft."


class RefusedLine(Exception):
    """Raised for a line that cannot be stored, with the problem to report."""

    def __init__(self, code: str, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.problem = LineProblem(code, reason, field)


@dataclass(frozen=True)
class _Known:
    """The organisations that lines about offers refer to, by ORGID."""

    organizations: dict[str, Organization]

    @classmethod
    def read(cls, lines: Iterable[ValidLine]) -> "_Known":
        org_ids = {org_id for line in lines for org_id in (line.values["publisher"], *line.values["partners"])}
        return cls({row.org_id: row for row in Organization.objects.filter(org_id__in=org_ids)})

    def get_publisher(self, org_id: str) -> Organization:
        publisher = self.organizations.get(org_id)
        if publisher is None or publisher.kind != OrganizationKind.PUBLISHER:
            raise RefusedLine("unknown_publisher", "No publisher has this ORGID.", "publisher")
        return publisher

    def get_partners(self, org_ids: list[str]) -> list[Organization]:
        for number, org_id in enumerate(org_ids, 1):
            if org_id not in self.organizations:
                raise RefusedLine("unknown_organization", "No organisation has this ORGID.", f"partners.{number}")
        return [self.organizations[org_id] for org_id in org_ids]


@transaction.atomic
def import_offers(*, actor: Actor, lines: list[ValidLine]) -> Answers:
    """Store offers from lines of OfferLineSerializer, and publish those that say so.

    Returns a dict from the line number to the outcome of the line, or to the problem that refused it; a refused line
    leaves nothing behind. A line that is stored again changes nothing. The offers and events are the publisher's, as if
    it had typed them. Raises ActionRefused unless the actor is the system.
    """
    authorize_system(actor)
    known = _Known.read(lines)
    answers: Answers = {}
    for line in lines:
        try:
            with transaction.atomic():
                answers[line.line] = _import_offer(actor, line, known)
        except RefusedLine as refused:
            answers[line.line] = refused.problem
        except DomainError as error:
            answers[line.line] = LineProblem(error.code, str(error.message), error.field or "")
    return answers


def act_for_publisher(actor: Actor, publisher: Organization) -> Actor:
    """Return the system as an actor whose actions are those of a publisher."""
    return replace(actor, organization_id=publisher.pk, organization_name=publisher.name)


def _import_offer(actor: Actor, line: ValidLine, known: _Known) -> LineOutcome:
    values = line.values
    publisher = known.get_publisher(values["publisher"])
    partners = known.get_partners(values["partners"])
    acting = act_for_publisher(actor, publisher)
    offer = Offer.objects.filter(publisher=publisher, code=values["code"]).first()
    is_new = offer is None
    if offer is None:
        offer = create_offer(
            actor=acting, code=values["code"], type=values["offer_type"], pricing_model=values["pricing_model"]
        )
    for field, stored in (("offer_type", offer.type), ("pricing_model", offer.pricing_model)):
        if stored != values[field]:
            raise RefusedLine("fixed", f"The offer was created with {stored}.", field)
    is_changed = _save_audience(acting, offer, values["audience"], partners)
    is_changed |= _save_content(acting, offer, line, is_new=is_new)
    if values["publish"]:
        is_changed |= _publish(acting, Offer.objects.get(pk=offer.pk))
    if is_new:
        return LineOutcome.ADDED
    return LineOutcome.CHANGED if is_changed else LineOutcome.UNCHANGED


def _save_audience(actor: Actor, offer: Offer, audience: str | None, partners: list[Organization]) -> bool:
    """Save the option and the partners that are not in the audience yet; return whether anything is new."""
    is_changed = audience is not None and audience != offer.private.next_audience
    if is_changed and audience:
        choose_audience(actor=actor, offer=offer, audience=audience, revision=None)
    held = set(offer.authorizations.active().values_list("organization_id", flat=True))
    held |= set(offer.audience_changes.filter(is_removal=False).values_list("organization_id", flat=True))
    new = [partner.pk for partner in partners if partner.pk not in held]
    if new:
        add_to_audience(actor=actor, offer=offer, organization_ids=new, source=Authorization.Source.IMPORTED)
    return is_changed or bool(new)


def _save_content(actor: Actor, offer: Offer, line: ValidLine, *, is_new: bool) -> bool:
    """Save the line's content as a draft where it differs from the newest version; return whether it does."""
    values, newest = line.values, get_newest_version(offer)
    if (newest.content, newest.channel.content) == (values["content"], values["channel"]):
        return False
    if newest.number is None and newest.content and not is_new and not values["replace_draft"]:
        raise RefusedLine("draft_in_work", DRAFT_IN_WORK, "content")
    save_draft(actor=actor, offer=offer, content=values["content"], channel=values["channel"], revision=None)
    return True


def _publish(actor: Actor, offer: Offer) -> bool:
    """Publish the draft of an offer, if there is one; return whether there is. Raises RefusedLine for what it lacks."""
    draft: OfferVersion = get_newest_version(offer)
    if draft.number is not None:
        return False
    for problem in find_problems(offer, draft.content, draft.channel.content):
        pointer = problem.pointer if problem.pointer.startswith("/channel") else f"/content{problem.pointer}"
        raise RefusedLine(problem.code, str(problem.message), pointer.strip("/").replace("/", "."))
    publish_offer(actor=actor, offer=offer, revision=draft.revision)
    return True
