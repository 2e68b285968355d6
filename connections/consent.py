"""What a customer may share with a partner, in words. The apps that hold the data say what each scope shows (E-14)."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from notifications.timeline import register_changed_fields
from partnerportal.lib import formats
from partnerportal.lib.errors import InvalidInput, Message, StaleVersion
from partnerportal.lib.scopes import Scope, includes_scopes

# The version of the texts below and of those that apps register. A consent keeps it, and docs/consent/ keeps the texts
# of each version in every language: with a text the version changes, and gets a file of its own beside the former ones.
WORDING = "2026-11"


@dataclass(frozen=True)
class ConsentWording:
    """Which version of the consent texts a person read, and in which language; "" for a language that is unknown."""

    version: str
    language: str

    def __str__(self) -> str:
        """Return the wording as a form carries it, for `parse_consent_wording`."""
        return f"{self.version}/{self.language}"


def get_current_consent_wording() -> ConsentWording:
    """Return the version of the consent texts that is valid now, with the reader's language."""
    return ConsentWording(WORDING, get_language() or "")


def parse_consent_wording(text: str) -> ConsentWording:
    """Parse the hidden form value that says which texts the person read, such as "2026-11/fr".

    A language that the portal does not have becomes "". So does the version of a form that sends none, and
    `require_current_consent_wording` refuses it.
    """
    version, _slash, language = text.partition("/")
    return ConsentWording(version, language if language in dict(settings.LANGUAGES) else "")


def require_current_consent_wording(wording: ConsentWording | None) -> None:
    """Raise StaleVersion("wording_changed") if the texts that a person read are not the version that is valid now.

    This happens when an update changes the texts while a page is open: the person would consent to texts that they
    never saw. None passes, because a program that consents through the API has read nothing.
    """
    if wording and wording.version != WORDING:
        text = _("The description of what is shared has changed since you opened this page. Check it and try again.")
        raise StaleVersion("wording_changed", text)


@dataclass(frozen=True, kw_only=True)
class ShareableScope:
    """A kind of data (scope) that customers can share: its name, and a sentence that says exactly what it shows."""

    scope: Scope
    label: Message
    shows: Message

    @property
    def code(self) -> str:
        """The scope's name in the API."""
        return self.scope.code


_offered: dict[Scope, ShareableScope] = {}


def register_shareable_scope(shareable_scope: ShareableScope) -> None:
    """Add a scope (a kind of data) to those that customers can choose to share.

    Each app calls this at start for its own data. A scope that no app registers is on no page and cannot be shared.
    Raises AssertionError for a scope that is registered already.
    """
    assert shareable_scope.scope not in _offered, f"{shareable_scope.scope} is offered twice"
    _offered[shareable_scope.scope] = shareable_scope
    register_changed_fields({}, words={"scopes": {shareable_scope.code: shareable_scope.label}})


def list_shareable_scopes() -> list[ShareableScope]:
    """Return the scopes (kinds of data) that customers can share, in the order in which pages show them."""
    return [_offered[scope] for scope in sorted(_offered)]


def find_newly_shareable_scopes(previously_offered: int) -> Scope:
    """Return, as one Scope, the scopes that can be shared now but could not when a consent was given.

    `previously_offered` are those that the consent could choose from, the number in `Consent.offered`.
    """
    return get_all_shareable_scopes() & ~Scope(previously_offered)


def combine_scopes(scopes: Iterable[Scope]) -> Scope:
    """Return one Scope, a set of flags, that includes every given scope; Scope.NONE if there is none."""
    joined = Scope.NONE
    for scope in scopes:
        joined |= scope
    return joined


def get_all_shareable_scopes() -> Scope:
    """Return one Scope, a set of flags, that includes every scope that customers can share."""
    return combine_scopes(_offered)


def parse_scope_codes(codes: Iterable[str]) -> Scope:
    """Return one Scope that includes the scopes with these codes, and account data, which is always shared.

    Raises InvalidInput("unknown_scope") for a code that is not offered to customers.
    """
    by_code = {offered.code: offered.scope for offered in list_shareable_scopes()}
    unknown = sorted(set(codes) - by_code.keys())
    if unknown:
        text = _("“%(code)s” cannot be shared. These can: %(codes)s.")
        raise InvalidInput("unknown_scope", text % {"code": unknown[0], "codes": ", ".join(by_code)}, field="scopes")
    return Scope.ACCOUNT | combine_scopes(by_code[code] for code in codes)


def format_scope_names(scopes: int) -> str:
    """Return the names of these scopes as one text in the reader's language, such as "Orders and Notifications".

    `scopes` is a Scope or its number. Return "" if it includes none that is offered to customers.
    """
    return formats.join_names(
        offered.label for offered in list_shareable_scopes() if includes_scopes(scopes, offered.scope)
    )


register_shareable_scope(
    ShareableScope(
        scope=Scope.ACCOUNT,
        label=_("Account information"),
        shows=_("Name, ORGID, country, address, contact details and programme memberships."),
    )
)
register_shareable_scope(
    ShareableScope(
        scope=Scope.NOTIFICATIONS,
        label=_("Notifications"),
        shows=_(
            "Messages about what is shared: when a service begins, changes or ends soon, when something is "
            "ordered, when usage is unusual."
        ),
    )
)
