"""What the permission matrix is written with: who asks, what each may read, answers that recur, the builders of rows.

An answer is a status; "login": to the sign-in page; "new": to the form for an organisation; "refused": any refusal;
"any": nothing is promised but no error, no leak and no foreign change. A name stands for everybody who acts for that
organisation. Pages send the anonymous to sign in and people without an organisation to the form; see `page` and `api`.
"""

from collections.abc import Iterable
from typing import Any

from tests.house.machine import Row
from tests.world import KINDS

ACTORS = (
    "anonymous",
    "nobody",
    "partner.admin",
    "partner.reader",
    "partner.sales_agent",
    "partner.reader_with_finance",
    "partner.sales_agent_with_finance",
    "partner.admin_agent",
    "partner2.admin",
    "lapsed.admin",
    "nobadge.admin",
    "customer.admin",
    "customer.reader",
    "customer2.admin",
    "ended.admin",
    "stranger.admin",
    "distributor.admin",
    "distributor.reader",
    "distributor.admin_agent",
    "distributor2.admin",
    "publisher.admin",
    "publisher.reader",
    "vendor.admin",
    "vendor.reader",
    "many@customer",
)

# Whose data an organisation may read beside its own, and which sort; a partner its distributor's contact data.
# Nobody ever reads another's people or inbox.
# Who has no finance sight sees no orders of others (E-13).
WITHOUT_USAGE = "name details goods skus"
WITHOUT_ORDERS = f"{WITHOUT_USAGE} usage"
SHARED = f"{WITHOUT_ORDERS} orders"
WITHOUT_FINANCE = {
    "customer": WITHOUT_ORDERS,
    "customer2": WITHOUT_ORDERS,
    "ended": "name",
    "distributor": "name details",
}
SEES = {
    "partner": {"customer": SHARED, "customer2": SHARED, "ended": "name", "distributor": "name details"},
    "partner.reader": WITHOUT_FINANCE,
    "partner.sales_agent": WITHOUT_FINANCE,
    "partner2": {"customer2": WITHOUT_USAGE, "distributor2": "name details"},
    "lapsed": {"customer": "name"},
    "customer": {"partner": "name", "lapsed": "name", "distributor": "name"},  # who sees the data through a partner
    "customer2": {"partner": "name", "partner2": "name", "distributor": "name", "distributor2": "name"},
    "ended": {"partner": "name"},
    "distributor": {"partner": "name details", "customer": SHARED, "customer2": SHARED},
    "distributor.reader": {"partner": "name details", "customer": WITHOUT_ORDERS, "customer2": WITHOUT_ORDERS},
    "distributor2": {"partner2": "name details", "customer2": WITHOUT_USAGE},
    # on the pages of trials and requests
    "vendor": {name: "name details goods skus requests activations orders" for name in KINDS if name != "vendor"},
    "vendor.reader": {name: "name details goods skus requests activations" for name in KINDS if name != "vendor"},
    "many@customer": {"partner": "name details", "lapsed": "name", "distributor": "name details"},
}

EVERYBODY = "200 else"
BADGELESS = "lapsed nobadge"
BADGE_HOLDERS = f"200 partner partner2 distributor distributor2; 403 {BADGELESS}; 404 else"
READERS = "partner.reader partner.reader_with_finance"
SALES_AGENTS = "partner.sales_agent partner.sales_agent_with_finance"
LINK_HOLDERS = f"200 partner.admin partner.admin_agent {SALES_AGENTS} partner2; 403 partner {BADGELESS}; 404 else"
OWN_NOT_ADMINS = f"403 {READERS} {SALES_AGENTS} partner.admin_agent customer.reader many@customer"
NOT_ADMINS = f"{OWN_NOT_ADMINS} distributor.reader distributor.admin_agent publisher.reader vendor.reader"
SAVERS = BADGE_HOLDERS.replace("200", "302")
OVER = {  # who may open which customer's pages
    "{customer}": f"200 partner distributor; 403 {BADGELESS}; 404 else",
    "{customer2}": BADGE_HOLDERS,
    "{ended}": f"403 {BADGELESS}; 404 else",
    "{stranger}": f"403 {BADGELESS}; 404 else",
}
# The same where a page or file is refused because the customer keeps back its orders and its use: tests/world.py.
OVER_KEPT_BACK = OVER | {"{customer2}": f"200 partner distributor; 403 partner2 distributor2 {BADGELESS}; 404 else"}
# Whom files of usage do not name, because it keeps its use back.
WITHOUT_KEPT_BACK = {organization: {("customer2", "name")} for organization in ("partner2", "distributor2")}
# The same for orders, which some see of no customer.
NO_FINANCE = "partner.reader partner.sales_agent distributor.reader"
OVER_ORDERS = {subject: f"403 {NO_FINANCE}; {answer}" for subject, answer in OVER_KEPT_BACK.items()}


def _row(pattern: str, path: str, defaults: str, answers: dict[str, str], **more: Any) -> Row:
    given = {method.upper(): f"{answer}; {defaults}" for method, answer in answers.items() if answer}
    return Row(pattern=pattern, path=path or f"/{pattern}", answers=given, **more)


def page(
    pattern: str,
    path: str = "",
    *,
    get: str = "",
    post: str = "",
    data: dict[str, Any] | None = None,
    shows: Iterable[tuple[str, str]] = (),
    hides: dict[str, set[tuple[str, str]]] | None = None,
    defaults: str = "login anonymous; new nobody",
    same_for_all: bool = False,
) -> Row:
    more = {"data": data or {}, "shows": frozenset(shows), "hides": hides or {}, "same_for_all": same_for_all}
    return _row(pattern, path, defaults, {"get": get, "post": post}, **more)


def api(
    pattern: str,
    path: str = "",
    *,
    get: str = "",
    post: str = "",
    put: str = "",
    patch: str = "",
    delete: str = "",
    data: dict[str, Any] | None = None,
    shows: Iterable[tuple[str, str]] = (),
    defaults: str = "401 anonymous; 403 nobody",
) -> Row:
    prefix = "api/v1/"
    answers = {"get": get, "post": post, "put": put, "patch": patch, "delete": delete}
    path = f"/{prefix}{path or pattern}"
    return _row(prefix + pattern, path, defaults, answers, data=data or {}, shows=frozenset(shows), is_api=True)


def sign_in(pattern: str, path: str = "", *, get: str = "any else", post: str = "any else") -> Row:
    """The library's pages: about the person alone."""
    return page(f"sign-in/{pattern}", f"/sign-in/{path or pattern}", get=get, post=post, defaults="", same_for_all=True)
