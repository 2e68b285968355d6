"""What a customer may share with a partner, in words. The apps that hold the data say what each scope shows (E-14)."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from partnerportal.lib import formats
from partnerportal.lib.errors import Invalid, Message, Stale
from partnerportal.lib.scopes import Scope, shares

# The version of the texts below and of those that apps register. A consent keeps it, and docs/consent/ keeps the texts
# of each version in every language: with a text the version changes, and gets a file of its own beside the former ones.
WORDING = "2026-11"


@dataclass(frozen=True)
class Wording:
    """The texts that a person read before consenting: their version and language, both "" for a program."""

    version: str = ""
    language: str = ""

    def __str__(self) -> str:
        """Return the wording as a form carries it, for `parse_wording`."""
        return f"{self.version}/{self.language}"


NO_WORDING = Wording()


def get_current_wording() -> Wording:
    """Return the wording that a page shows now, in the reader's language."""
    return Wording(WORDING, get_language() or "")


def parse_wording(text: str) -> Wording:
    """Return the wording that a form says was read; NO_WORDING for a form that says nothing, as a program's does."""
    version, _slash, language = text.partition("/")
    return Wording(version, language if language in dict(settings.LANGUAGES) else "")


def require_current_wording(wording: Wording) -> None:
    """Raise Stale("wording_changed") if another wording was read than the one that is valid now.

    Somebody may have opened the page before an update that changed the texts, and would consent to what they never saw.
    """
    if wording.version not in ("", WORDING):
        text = _("The description of what is shared has changed since you opened this page. Check it and try again.")
        raise Stale("wording_changed", text)


@dataclass(frozen=True, kw_only=True)
class OfferedScope:
    """A scope that can be shared: its name, and a sentence that says exactly what it shows."""

    scope: Scope
    label: Message
    shows: Message

    @property
    def code(self) -> str:
        """The scope's name in the API."""
        return self.scope.code


_offered: dict[Scope, OfferedScope] = {}


def offer_scope(offered: OfferedScope) -> None:
    """Offer a scope to customers, who then choose whether to share it.

    Each app calls this for the scopes of which it has something to show. A scope that no app has offered is on no page
    and cannot be shared. Raises AssertionError for a scope that is offered already.
    """
    assert offered.scope not in _offered, f"{offered.scope} is offered twice"
    _offered[offered.scope] = offered


def list_offered_scopes() -> list[OfferedScope]:
    """Return the scopes that can be shared, in the order in which they are shown."""
    return [_offered[scope] for scope in sorted(_offered)]


def find_newly_offered_scopes(offered: int) -> Scope:
    """Return the offered scopes that are not in `offered`, the scopes that a consent could choose from."""
    return join_offered_scopes() & ~Scope(offered)


def join_scopes(scopes: Iterable[Scope]) -> Scope:
    """Return one Scope that includes every given scope; Scope.NONE without any."""
    joined = Scope.NONE
    for scope in scopes:
        joined |= scope
    return joined


def join_offered_scopes() -> Scope:
    """Return all scopes that are offered."""
    return join_scopes(_offered)


def parse_scopes(codes: Iterable[str]) -> Scope:
    """Return one Scope of the scopes with these codes and account data, which is always shared and need not be named.

    Raises Invalid("unknown_scope") for a code that is not offered.
    """
    by_code = {offered.code: offered.scope for offered in list_offered_scopes()}
    unknown = sorted(set(codes) - by_code.keys())
    if unknown:
        text = _("“%(code)s” cannot be shared. These can: %(codes)s.")
        raise Invalid("unknown_scope", text % {"code": unknown[0], "codes": ", ".join(by_code)}, field="scopes")
    return Scope.ACCOUNT | join_scopes(by_code[code] for code in codes)


def format_scope_names(scopes: int) -> str:
    """Return the names of these scopes, as a list in the reader's language; "" for none that is offered."""
    return formats.join_names(offered.label for offered in list_offered_scopes() if shares(scopes, offered.scope))


offer_scope(
    OfferedScope(
        scope=Scope.ACCOUNT,
        label=_("Account information"),
        shows=_("Name, ORGID, country, address, contact details and programme memberships."),
    )
)
offer_scope(
    OfferedScope(
        scope=Scope.NOTIFICATIONS,
        label=_("Notifications"),
        shows=_(
            "Messages about what is shared: when a service begins, changes or ends soon, when something is "
            "ordered, when usage is unusual."
        ),
    )
)
