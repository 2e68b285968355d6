"""Every page there is, as somebody who meets it. A new address fails a test until it is here, or in NOT_PAGES."""

from dataclasses import dataclass

CUSTOMER = "customers/<uuid:customer_id>/"
PARTNER = "partners/<uuid:partner_id>/"
END = "connections/<uuid:connection_id>/end/"
SHARING = "connections/<uuid:connection_id>/sharing/"
VIEW = "lists/views/<uuid:view_id>/"
OPERATOR = "operators/<uuid:operator_id>/"
INVITED = "operators/pending/<uuid:invitation_id>/"
INVITED_ACTIONS = ("resend", "link", "withdraw")
INVITATION = "i/<str:token>/"
JOIN = "join/<str:token>/"
IMPORT = "imports/<uuid:import_id>/"
IMPORT_KIND = "imports/new/<str:kind_code>/"
HOLDER = "usage/licences/<uuid:assignment_id>/"
TRIAL = "trials/<uuid:trial_id>/"
LINK = "activations/<uuid:link_id>/"
ACTIVATION = "activate/<str:token>/"
TRIAL_OFFER = "trials/offers/<uuid:offer_id>/"
SEND = "activations/<str:kind>/new/"
OFFER = "offers/<uuid:offer_id>/"
CATALOGUE = "marketplace/offers/"
LISTED, STOREFRONT = f"{CATALOGUE}<uuid:offer_id>/", "marketplace/<uuid:offer_id>/"
ALL_OFFERS = "marketplace/all/"
SETTINGS = "marketplace/settings/"
MARKET = f"{SETTINGS}markets/<uuid:market_id>/"
CATEGORY = f"{SETTINGS}categories/<uuid:category_id>/"
QUALIFICATIONS = ("competencies", "skills")
AUDIENCE = f"{OFFER}audience/"
OFFER_TABS = ("files/", "listing/", "plans/", "technical/", "history/", "publish/")
REQUEST = "requests/<uuid:request_id>/"
NEW_REQUEST = "requests/new/<str:kind>/<uuid:subject_id>/"
ORGANIZATION = "organizations/<uuid:organization_id>/"
ORGANIZATION_TABS = ("", "operators/", "memberships/", "activity/")
ORGANIZATION_ACTIONS = ("correct", "domain", "manager", "grant", "extend", "end", "qualify", "move", "suspend")
SIGN_IN = "sign-in/"
FACTORS = "sign-in/two-factor/"
KEY = f"{FACTORS}webauthn/keys/<int:pk>/"
RESET_KEY = r"sign-in/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$"


@dataclass(frozen=True)
class Shown:
    """`path` may name what `tests.house.machine.placeholders` knows. An empty pattern: no address of its own."""

    pattern: str
    path: str = ""
    status: int = 200

    @property
    def address(self) -> str:
        return self.path or f"/{self.pattern}"


def customer_pages(who: str) -> list[Shown]:
    tabs = ("", "services/", "usage/", "orders/", "activity/")
    return [Shown(CUSTOMER + tab, f"/customers/{{{who}}}/{tab}") for tab in tabs]


PAGES = {
    "anonymous": [
        Shown(f"{SIGN_IN}login/"),
        Shown(f"{SIGN_IN}signup/"),
        Shown(f"{SIGN_IN}password/reset/"),
        Shown(f"{SIGN_IN}password/reset/done/"),
        Shown(f"{SIGN_IN}password/reset/key/done/"),
        Shown(RESET_KEY, "/sign-in/password/reset/key/1-unknown/"),
        Shown(f"{SIGN_IN}inactive/"),
        Shown(INVITATION, "/i/{token_partner}/"),
        Shown(INVITATION, "/i/unknown/", 404),
        Shown(f"{INVITATION}decline/", "/i/{token_partner}/decline/"),
        Shown(JOIN, "/join/{join_partner}/"),
        Shown(JOIN, "/join/unknown/", 404),
        Shown(ACTIVATION, "/activate/{activation_partner}/"),
        Shown(ACTIVATION, "/activate/{activation_distributor}/"),
        Shown(ACTIVATION, "/activate/unknown/", 404),
        Shown("", "/nowhere/", 404),
    ],
    "distributor.admin": [
        Shown("", "/"),
        Shown("partners/"),
        Shown("partners/", "/partners/?q=nobody-has-this-name"),
        Shown(PARTNER, "/partners/{partner}/"),
        Shown("partners/pending/"),
        Shown(SEND, "/activations/partners/new/"),
        Shown(SEND, "/activations/customers/new/"),
    ],
    "partner.admin": [
        Shown("customers/pending/"),
        Shown("customers/pending/", "/customers/pending/?state=ended"),
        Shown("customers/pending/", "/customers/pending/?q=nobody-has-this-name"),
        Shown(SEND, "/activations/customers/new/"),
        Shown(LINK, "/activations/{link_partner}/"),
        *(
            Shown(f"{LINK}{what}/", f"/activations/{{link_partner}}/{what}/")
            for what in ("change", "copy", "resend", "revoke")
        ),
        Shown(IMPORT_KIND, "/imports/new/activation_links/"),
        Shown("", "/"),
        Shown("customers/"),
        Shown("customers/", "/customers/?q=nobody-has-this-name"),
        Shown("lists/<str:list_key>/display/", "/lists/customers/display/"),
        Shown("lists/<str:list_key>/filters/", "/lists/customers/filters/?country=DE&seats_min=5"),
        Shown("customers/", "/customers/?country=DE,FR&seats_min=1&connected_since=2020-01-01"),
        Shown("lists/<str:list_key>/views/new/", "/lists/customers/views/new/?country=DE"),
        Shown(VIEW, "/lists/views/{view_partner}/"),
        Shown(f"{VIEW}delete/", "/lists/views/{view_partner}/delete/"),
        Shown("exports/"),
        Shown("imports/"),
        Shown(IMPORT, "/imports/{import_partner}/"),
        *customer_pages("customer"),
        Shown(CATALOGUE),
        Shown(CATALOGUE, "/marketplace/offers/?customer={customer}&sellable=true"),
        Shown(CATALOGUE, "/marketplace/offers/?q=nothing-has-this-name"),
        Shown(f"{CATALOGUE}choose/"),
        Shown(LISTED, "/marketplace/offers/{offer}/"),
        Shown(f"{LISTED}contact/", "/marketplace/offers/{offer}/contact/"),
        Shown("marketplace/simulator/"),
        Shown("marketplace/simulator/", "/marketplace/simulator/?plan={plan}&customer={customer}"),
        Shown("usage/customers/"),
        Shown("renewals/"),
        Shown("renewals/calendar/"),
        Shown("renewals/<uuid:entitlement_id>/", "/renewals/{renewal}/"),
        Shown("me/notices/"),
        Shown("account/"),
        Shown("account/edit/"),
        Shown("invite/"),
        Shown(END, "/connections/{connection}/end/"),
        Shown(END, "/connections/{connection_ended}/end/", 409),
        Shown(SHARING, "/connections/{connection}/sharing/"),
        Shown("operators/"),
        Shown("operators/add/"),
        Shown("operators/pending/"),
        *(Shown(f"{INVITED}{name}/", f"/operators/pending/{{invitation_partner}}/{name}/") for name in INVITED_ACTIONS),
        Shown(f"{OPERATOR}roles/", "/operators/{operator_partner}/roles/"),
        Shown(f"{OPERATOR}remove/", "/operators/{operator_partner}/remove/"),
        Shown("domains/"),
        Shown("domains/new/"),
        Shown("domains/<uuid:domain_id>/remove/", "/domains/{domain_partner}/remove/"),
        Shown("security/"),
        Shown("me/"),
        Shown("activity/"),
        Shown("activity/", "/activity/?q=nothing-has-this-name"),
        Shown("activity/<uuid:event_id>/", "/activity/{event_connected}/"),
        Shown("inbox/"),
        Shown("inbox/", "/inbox/?dismissed=true"),
        Shown("help/"),
        Shown("help/roles/"),
        Shown("search/", "/search/?q=a"),
        Shown("search/", "/search/?q=nothing-has-this-name"),
        Shown(INVITATION, "/i/{token_partner}/"),
        Shown("", "/nowhere/", 404),
    ],
    "partner.reader": [Shown("account/edit/", status=403), Shown("account/"), Shown("inbox/")],
    "nobadge.admin": [Shown("customers/", status=403), Shown("", "/"), Shown("inbox/")],
    "customer.admin": [
        Shown("", "/"),
        Shown("services/"),
        Shown("usage/"),
        Shown("usage/", "/usage/?range=13m"),
        Shown("usage/licences/"),
        Shown("usage/licences/", "/usage/licences/?unused=true"),
        Shown(f"{HOLDER}release/", "/usage/licences/{holder_customer}/release/"),
        Shown("orders/"),
        Shown("renewals/"),
        Shown("services/trial/"),
        Shown(f"{TRIAL}cancel/", "/trials/{trial_waiting}/cancel/"),
        Shown("marketplace/"),
        Shown(STOREFRONT, "/marketplace/{offer}/"),
        Shown("requests/"),
        Shown(f"{STOREFRONT}ask/", "/marketplace/{offer}/ask/"),
        Shown("account/"),
        Shown("connections/"),
        Shown(SHARING, "/connections/{connection}/sharing/"),
        Shown("inbox/"),
        Shown(INVITATION, "/i/{token_partner}/"),
    ],
    "customer.reader": [Shown(INVITATION, "/i/{token_lapsed}/"), Shown("operators/"), Shown("domains/")],
    "customer2.admin": [Shown("domains/")],
    "stranger.admin": [
        Shown(INVITATION, "/i/{token_partner}/"),
        Shown("account/"),
        Shown("connections/"),
        Shown("operators/"),
        *(
            Shown(f"operators/requests/<uuid:request_id>/{action}/", f"/operators/requests/{{join_request}}/{action}/")
            for action in ("grant", "decline")
        ),
    ],
    "ended.reader": [Shown(INVITATION, "/i/{token_partner}/")],
    "many": [Shown(INVITATION, "/i/{token_partner}/")],
    "nobody": [Shown("organizations/new/"), Shown(INVITATION, "/i/{token_partner}/")],
    "publisher.admin": [
        Shown(f"{OFFER}prices/", "/offers/{offer}/prices/"),
        Shown(f"{OFFER}prices/", "/offers/{offer}/prices/?q=nothing-like-it"),
        Shown(f"{OFFER}prices/<slug:plan_code>/change/", "/offers/{offer}/prices/basic/change/"),
        Shown(f"{OFFER}prices/<slug:plan_code>/history/", "/offers/{offer}/prices/basic/history/"),
        Shown(f"{OFFER}prices/<uuid:price_id>/withdraw/", "/offers/{offer}/prices/{price}/withdraw/"),
        Shown(f"{OFFER}stops/new/", "/offers/{offer}/stops/new/"),
        Shown(f"{OFFER}stops/<uuid:stop_id>/lift/", "/offers/{offer}/stops/{stop}/lift/"),
        Shown("", "/"),
        Shown("offers/"),
        Shown("offers/", "/offers/?q=nothing-has-this-name"),
        Shown("products/"),
        Shown("products/", "/products/?q=nothing-has-this-name"),
        Shown("products/", "/products/?country=DE"),
        Shown("products/<uuid:product_id>/", "/products/{product}/"),
        Shown("offers/new/"),
        *(Shown(OFFER + tab, f"/offers/{{offer}}/{tab}") for tab in ("", *OFFER_TABS)),
        Shown(f"{OFFER}compare/", "/offers/{offer}/compare/?from=1&to=draft"),
        *(Shown(AUDIENCE + page, f"/offers/{{offer_specific}}/audience/{page}") for page in ("", "select/", "sync/")),
        Shown(AUDIENCE, "/offers/{offer}/audience/"),
        Shown(AUDIENCE, "/offers/{offer_specific}/audience/?q=nothing-like-it"),
        Shown(f"{AUDIENCE}select/", "/offers/{offer}/audience/select/?q=nothing-like-it"),
        *(Shown(f"{OFFER}health/", f"/offers/{{{which}}}/health/") for which in ("offer_specific", "offer")),
        Shown(IMPORT_KIND, "/imports/new/audience/?target={offer}"),
        Shown(NEW_REQUEST, "/requests/new/audience.deauthorize/{offer_specific}/"),
        Shown("requests/"),
        Shown("requests/", "/requests/?state=closed"),
        Shown(NEW_REQUEST, "/requests/new/organization.country/{publisher}/"),
        Shown(REQUEST, "/requests/{request_publisher}/"),
        Shown(f"{REQUEST}details/", "/requests/{request_draft}/details/"),
        Shown(f"{REQUEST}discard/", "/requests/{request_draft}/discard/"),
        Shown(f"{REQUEST}withdraw/", "/requests/{request_publisher}/withdraw/"),
        *(Shown(f"{OFFER}preview/", f"/offers/{{offer}}/preview/?as={who}") for who in ("customer", "partner")),
        Shown(f"{OFFER}discard/", "/offers/{offer}/discard/"),
        *(Shown(f"{OFFER}{dialog}/", f"/offers/{{offer}}/{dialog}/") for dialog in ("change", "delete")),
        Shown(f"{OFFER}discard/", "/offers/{offer_specific}/discard/"),
    ],
    "publisher.reader": [Shown(f"{OFFER}{tab}", f"/offers/{{offer}}/{tab}") for tab in ("listing/", "plans/")],
    "vendor.admin": [
        Shown("", "/"),
        Shown("partners/"),
        Shown("distributors/"),
        Shown("trials/"),
        Shown("trials/offers/"),
        Shown("trials/offers/new/"),
        Shown(TRIAL_OFFER, "/trials/offers/{trial_offer}/"),
        Shown(f"{TRIAL_OFFER}withdraw/", "/trials/offers/{trial_offer}/withdraw/"),
        Shown("partners/pending/"),
        Shown("partners/pending/", "/partners/pending/?state=unconfirmed"),
        Shown(f"{LINK}confirm/", "/activations/{link_distributor}/confirm/"),
        Shown(f"{LINK}decline/", "/activations/{link_distributor}/decline/"),
        Shown("releases/"),
        Shown("releases/", "/releases/?state=released"),
        *(Shown(f"{TRIAL}{action}/", f"/trials/{{trial_waiting}}/{action}/") for action in ("approve", "decline")),
        *(Shown(f"{TRIAL}{action}/", f"/trials/{{trial_running}}/{action}/") for action in ("extend", "convert")),
        *(Shown(ORGANIZATION + tab, f"/organizations/{{partner}}/{tab}") for tab in ORGANIZATION_TABS),
        *(Shown(f"{ORGANIZATION}{name}/", f"/organizations/{{partner}}/{name}/") for name in ORGANIZATION_ACTIONS),
        Shown(f"{ORGANIZATION}onboard/", "/organizations/{distributor}/onboard/"),
        *(
            Shown("organizations/register/<str:kind>/", f"/organizations/register/{kind}/")
            for kind in ("partner", "customer")
        ),
        Shown("customers/"),
        *(
            Shown(f"organizations/<uuid:organization_id>/{tab}/", f"/organizations/{{customer}}/{tab}/")
            for tab in ("services", "orders")
        ),
        Shown("publishers/"),
        Shown("publishers/", "/publishers/?q=nobody-has-this-name"),
        Shown("programmes/"),
        Shown("feeds/"),
        Shown("feeds/uploads/<uuid:upload_id>/", "/feeds/uploads/{upload}/"),
        Shown("feeds/tokens/new/"),
        Shown("feeds/tokens/<uuid:token_id>/revoke/", "/feeds/tokens/{feed_token}/revoke/"),
        Shown(ALL_OFFERS),
        Shown(f"{ALL_OFFERS}<uuid:offer_id>/", "/marketplace/all/{offer}/"),
        Shown(SETTINGS),
        *(Shown(f"{SETTINGS}{name}/") for name in ("categories", *QUALIFICATIONS, "skus")),
        *(Shown(f"{SETTINGS}{name}/new/") for name in ("markets", "categories", *QUALIFICATIONS)),
        Shown(IMPORT_KIND, "/imports/new/operators/"),
        Shown("requests/queue/"),
        Shown("requests/queue/", "/requests/queue/?state=closed"),
        Shown(REQUEST, "/requests/{request_partner}/"),
        Shown(f"{REQUEST}approve/", "/requests/{request_partner}/approve/"),
        Shown(f"{REQUEST}ask/", "/requests/{request_partner}/ask/"),
        Shown(f"{REQUEST}decline/", "/requests/{request_partner}/decline/"),
        Shown("ui-kit/"),
        Shown("ui-kit/dialog/"),
    ],
}

# For somebody who has just signed in by password, and holds a second factor or none.
AFTER_SIGNING_IN = [
    Shown(f"{SIGN_IN}{name}/") for name in ("logout", "email", "password/change", "reauthenticate", "sessions")
] + [Shown(FACTORS), Shown(f"{FACTORS}totp/activate/"), Shown(f"{FACTORS}webauthn/")]
WITH_SECOND_FACTOR = [
    Shown(f"{FACTORS}{name}/")
    for name in ("totp/deactivate", "recovery-codes", "recovery-codes/generate", "reauthenticate", "webauthn/add")
] + [Shown(FACTORS)]
WITH_PASSKEY = [
    Shown(f"{KEY}{action}/", f"/{FACTORS}webauthn/keys/{{key}}/{action}/") for action in ("edit", "remove")
] + [
    Shown(f"{FACTORS}webauthn/"),
    Shown(f"{FACTORS}webauthn/reauthenticate/"),
]
WITHOUT_PASSWORD = [Shown(f"{SIGN_IN}password/set/")]
ON_THE_WAY = [Shown(f"{SIGN_IN}confirm-email/"), Shown(f"{FACTORS}authenticate/")]  # test_sign_in.py comes by
SIGNED_IN = AFTER_SIGNING_IN + WITH_SECOND_FACTOR + WITH_PASSKEY + WITHOUT_PASSWORD + ON_THE_WAY

# What can be clicked open: who, where, and what to press one after the other.
OPENINGS = [
    ("partner.admin", "/customers/", ["Invite customers"]),
    ("partner.admin", "/customers/", ["Actions for Customer nq"]),
    ("partner.admin", "/customers/", ["Actions for Customer nq", "End connection…"]),
    ("partner.admin", "/customers/", ["Views"]),
    ("partner.admin", "/customers/", ["Columns"]),
    ("partner.admin", "/customers/", ["Search or jump to…"]),
    ("partner.admin", "/customers/", ["Help"]),
    ("partner.admin", "/customers/", ["Account of "]),
    ("partner.admin", "/customers/{customer}/", ["More actions"]),
    ("partner.admin", "/usage/customers/", ["Advanced"]),
    ("partner.admin", "/renewals/?within=90", [", Plan sqcustomerq"]),
    ("customer.admin", "/usage/licences/", ["Release the licence assigned to"]),
    ("customer.admin", "/account/", ["Actions for Partner ", "End connection…"]),
    ("many", "/", ["Organisation: "]),
    ("vendor.admin", "/ui-kit/", ["Invite customers"]),
    ("vendor.admin", "/trials/", ["Approve… "]),
]

NOT_PAGES = {
    f"{SETTINGS}skus/publisher/": "a dialog of one SKU: test_sku_pages.py",
    **{
        f"{place}{name}/": "a dialog or form of test_catalogue_settings.py"
        for place, names in (
            (MARKET, ("rename", "remove", "currencies/add", "currencies/<str:currency>/remove")),
            (CATEGORY, ("move", "retire", "remove")),
            *((f"{SETTINGS}{kind}/<uuid:entry_id>/", ("retire",)) for kind in QUALIFICATIONS),
        )
        for name in names
    },
    **dict.fromkeys((MARKET, CATEGORY, f"{SETTINGS}countries/"), "of one entry: test_catalogue_settings.py"),
    **{f"{SETTINGS}{kind}/<uuid:entry_id>/": "of one entry: test_catalogue_settings.py" for kind in QUALIFICATIONS},
    f"{ORGANIZATION}invite/": "of an organisation without an Admin: test_staff.py",
    f"{ORGANIZATION}withdraw/": "of an organisation with a confirmed domain: test_staff.py",
    f"{ORGANIZATION}reactivate/": "of a suspended organisation: test_staff.py",
    "imports/bulk/<str:action_code>/": "asks what to do with the rows of a list: test_staff.py",
    f"{OFFER}files/<uuid:file_id>/remove/": "answers a form",
    "marketplace/files/<uuid:file_id>/": "a file",
    f"{REQUEST}files/<uuid:file_id>/": "likewise",
    "domains/<uuid:domain_id>/check/": "answers a form",
    "security/second-factor/": "answers a form",
    "organizations/join/": "answers a form",
    f"{HOLDER}keep/": "answers a form",
    f"{REQUEST}assign/": "answers a form",
    f"{REQUEST}messages/": "answers a form",
    f"{INVITATION}accept/": "answers a form",
    **{f"{JOIN}{name}/": "answers a form" for name in ("continue", "accept", "leave")},
    f"{ACTIVATION}open/": "answers a form",
    f"{ACTIVATION}accept/": "answers a form",
    f"{VIEW}query/": "answers a form",
    f"{VIEW}default/": "answers a form",
    f"{CUSTOMER}usage/trend/": "leads to the page of the usage",
    "usage/trend/": "likewise",
    "renewals/calendar/revoke/": "answers a form",
    "renewals/<uuid:entitlement_id>/undo/": "answers a form",
    "releases/mark/": "answers a form",
    "releases/reopen/": "answers a form",
    "calendar/<str:token>.ics": "a file",
    ".well-known/security.txt": "a text file",
    r"^robots\.txt$": "a text file",
    "exports/new/": "answers a form",
    "exports/news/": "answers a script",
    "exports/<uuid:export_id>/again/": "answers a form",
    "exports/<uuid:export_id>/file/": "a file",
    f"{AUDIENCE}paste/": "answers a form",
    f"{AUDIENCE}remove/": "answers a form",
    "offers/health/<uuid:issue_id>/": "answers a form",
    f"{IMPORT_KIND}template/": "a file",
    f"{IMPORT}apply/": "answers a form",
    f"{IMPORT}cancel/": "answers a form",
    f"{IMPORT}results/": "a file",
    "organizations/switch/": "answers a form",
    "me/first-steps/dismiss/": "answers a form",
    "me/first-steps/restore/": "answers a form",
    "me/set/": "answers a form",
    "inbox/read/": "answers a form",
    "inbox/<uuid:notice_id>/": "answers a form",
    "inbox/<uuid:notice_id>/dismiss/": "answers a form",
    "inbox/<uuid:notice_id>/restore/": "answers a form",
    "language/": "answers a form",
    f"{SIGN_IN}login/code/confirm/": "sign-in by code is off",
    f"{FACTORS}recovery-codes/download/": "a text file",
    f"{FACTORS}webauthn/login/": "answers a script",
    "api/docs/": "Swagger UI: test_the_api_reference_runs",
}
