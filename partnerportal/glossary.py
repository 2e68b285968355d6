"""The words that the portal uses of its own, explained for its readers on the page Help."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from partnerportal.lib.errors import Message


@dataclass(frozen=True)
class GlossaryTerm:
    """A word or two of the portal, and what they mean."""

    term: Message
    meaning: Message


GLOSSARY = (
    GlossaryTerm(_("ORGID"), _("The number that identifies an organisation to the vendor and its partners.")),
    GlossaryTerm(
        _("Connection"),
        _("What a customer agrees to when it accepts a partner’s invitation. Either side can end it at any time."),
    ),
    GlossaryTerm(
        _("What is shared"),
        _(
            "The parts of a customer’s data that it lets a partner see. The customer can change what it shares at any "
            "time."
        ),
    ),
    GlossaryTerm(
        _("Invitation link"),
        _("A partner’s permanent link. Any customer can use it to connect, and it never expires."),
    ),
    GlossaryTerm(
        _("Activation link"),
        _("A link for one new organisation. It can be used once, and only for a few days."),
    ),
    GlossaryTerm(_("Licence"), _("One person’s or device’s right to use a service.")),
    GlossaryTerm(
        _("Purchased and assigned"),
        _(
            "How many licences there are, and how many of them are taken. Licences on trial are shown beside these "
            "totals."
        ),
    ),
    GlossaryTerm(
        _("Over limit"),
        _(
            "More licences of a service are assigned than purchased. Spare licences of another service don’t make up "
            "for it."
        ),
    ),
    GlossaryTerm(
        _("Trial"),
        _("A service that is used free of charge until its last day. It can be extended or converted to production."),
    ),
    GlossaryTerm(
        _("Active users"),
        _("How many people used a service in the last 30 days (monthly) or 24 hours (daily). Nobody is named."),
    ),
    GlossaryTerm(
        _("Falling usage"),
        _("In the last 14 days, the number of monthly active users of a service has dropped below its usual range."),
    ),
    GlossaryTerm(
        _("Proposed quantity"),
        _("How many licences to renew, worked out from the licences assigned in the last three months."),
    ),
    GlossaryTerm(
        _("Programme membership"),
        _(
            "A partner’s place in one of the vendor’s programmes. While it is active, the partner has the programme’s "
            "badge and features."
        ),
    ),
    GlossaryTerm(
        _("Operator"),
        _("A person who may act for an organisation. Roles decide what they can see and do."),
    ),
    GlossaryTerm(_("Account manager"), _("The person at the vendor who looks after your organisation.")),
)
