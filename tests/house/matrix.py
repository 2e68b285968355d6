"""The permission matrix, by hand: every address, and who gets which answer. `answers` says how to read one."""

from tests.house.answers import (
    BADGE_HOLDERS,
    EVERYBODY,
    LINK_HOLDERS,
    NO_FINANCE,
    NOT_ADMINS,
    OVER,
    OVER_KEPT_BACK,
    OVER_ORDERS,
    OWN_NOT_ADMINS,
    READERS,
    SALES_AGENTS,
    SAVERS,
    WITHOUT_KEPT_BACK,
    api,
    page,
    sign_in,
)
from tests.world import KINDS, READ

OWN_VIEW = "200 partner.admin; 404 else"
OWN_SAVED = "302 partner.admin; 404 else"
VIEW = "lists/views/<uuid:view_id>/"
CUSTOMER = "customers/<uuid:customer_id>/"
END = "connections/<uuid:connection_id>/end/"
SHARING = "connections/<uuid:connection_id>/sharing/"
OPERATOR = "operators/<uuid:operator_id>/"
NOTICE = "inbox/<uuid:notice_id>/"
HOLDER = "usage/licences/<uuid:assignment_id>/"
OTHER_ADMINS = "customer2.admin ended.admin stranger.admin"  # of customers: they manage holders of their own
HOLDER_ADMINS = f"200 customer.admin {OTHER_ADMINS}; 403 else"
INVITATION = "i/<str:token>/"
INVITER = [("partner", "name"), ("distributor", "name"), ("partner", "token"), ("partner", "details")]
CATALOGUE = [(name, "skus") for name in KINDS]  # of the vendor: everybody may choose from it
OF_CUSTOMER = [("customer", sort) for sort in ("name", "goods", "skus")]
OF_PARTNER = [(name, sort) for name in ("partner", "customer", "customer2") for sort in ("name", "goods", "skus")]
OF_LAPSED = [("lapsed", sort) for sort in ("name", "goods", "skus")]
CALENDAR = "calendar/<str:token>.ics"
TRIAL = "trials/<uuid:trial_id>/"
EXPORT = "exports/<uuid:export_id>/"
LAPSED = [("lapsed", "name"), ("lapsed", "token"), ("lapsed", "details")]

PAGES = [
    page("", "/", get=EVERYBODY),
    page("customers/", get=BADGE_HOLDERS),
    *(
        page(f"{CUSTOMER}{tab}", f"/customers/{subject}/{tab}", get=answer)
        for tab in ("", "services/", "usage/", "usage/trend/", "activity/")
        for subject, answer in OVER.items()
    ),
    *(  # the page of a customer tells who has no finance sight so; that orders are not shared stands on it
        page(f"{CUSTOMER}orders/", f"/customers/{subject}/orders/", get=answer)
        for subject, answer in {
            **OVER,
            "{customer}": f"403 {NO_FINANCE}; {OVER['{customer}']}",
            "{customer2}": f"403 {NO_FINANCE}; {OVER['{customer2}']}",
        }.items()
    ),
    page(
        "lists/<str:list_key>/display/",
        "/lists/customers/display/",
        get=BADGE_HOLDERS,
        post=SAVERS,
        data={"density": "compact"},
    ),
    page(
        "lists/<str:list_key>/views/new/",
        "/lists/customers/views/new/",
        get=BADGE_HOLDERS,
        post=SAVERS,
        data={"name": "New"},
    ),
    *(
        page(f"lists/<str:list_key>/{path}", f"/lists/{key}/{path}", get=get, post=get.replace("200", "302"), data=data)
        for key, get in (
            ("inbox", EVERYBODY),
            ("renewals", EVERYBODY),
            ("own_renewals", EVERYBODY),
            ("trials", "200 vendor; 403 else"),
            ("releases", "200 vendor; 403 else"),
        )
        for path, data in (("display/", {"density": "compact"}), ("views/new/", {"name": "New"}))
    ),
    *(
        page(
            f"{VIEW}{action}",
            f"/lists/views/{{view_partner}}/{action}",
            get=OWN_VIEW if get else "",
            post=OWN_SAVED,
            data={"name": "New"},
        )
        for action, get in (("", True), ("query/", False), ("default/", False), ("delete/", True))
    ),
    page("exports/", get=EVERYBODY),
    page("exports/news/", get="286 else"),
    page("exports/new/", post=BADGE_HOLDERS, data={"list": "customers"}),
    *(
        page("exports/new/", post=BADGE_HOLDERS, data={"list": key}, hides=WITHOUT_KEPT_BACK)
        for key in ("anomalies", "usage", "usage_history")
    ),
    *(
        page("exports/new/", post=answer, data={"list": "services", "customer": subject})
        for subject, answer in OVER.items()
    ),
    *(
        page("exports/new/", post=answer, data={"list": "unusual_use", "customer": subject})
        for subject, answer in OVER_KEPT_BACK.items()
    ),
    page("exports/new/", post=EVERYBODY, data={"list": "orders"}),
    *(
        page("exports/new/", post=answer, data={"list": "orders", "customer": subject})
        for subject, answer in OVER_ORDERS.items()
    ),
    *(
        page("exports/new/", post=EVERYBODY, data={"list": key})
        for key in ("connections", "inbox", "operators", "renewals")
    ),
    page("exports/new/", post=HOLDER_ADMINS, data={"list": "licence_users", "customer": "{customer}"}),
    page("exports/new/", post="200 vendor; 403 else", data={"list": "trials"}),
    page("exports/new/", post="200 vendor; 403 else", data={"list": "releases"}),
    page("exports/new/", post="200 vendor; 403 else", data={"list": "releases", "query": "state=released"}),
    page("exports/new/", post="404 else", data={"list": "assignments"}),
    page("exports/<uuid:export_id>/file/", "/exports/{export_partner}/file/", get="409 partner.admin; 404 else"),
    page("usage/", get=EVERYBODY),
    page("usage/trend/", get=EVERYBODY),
    page("usage/customers/", get=BADGE_HOLDERS),
    page("usage/licences/", get=HOLDER_ADMINS),
    *(
        page(f"{HOLDER}{action}/", f"/usage/licences/{{holder_customer}}/{action}/", get=get, post=post)
        for action, get, post in (
            (
                "release",
                f"200 customer.admin; 404 {OTHER_ADMINS}; 403 else",
                f"302 customer.admin; 404 {OTHER_ADMINS}; 403 else",
            ),
            ("keep", "", f"302 customer.admin; 404 {OTHER_ADMINS}; 403 else"),
        )
    ),
    page("services/", get=EVERYBODY),
    page("orders/", get=EVERYBODY),
    page(
        "services/trial/",
        get="200 customer.admin customer2 ended stranger; 403 else",
        post="302 customer.admin customer2 ended stranger; 403 else",
        data={"sku": "{sku_vendor}", "quantity": "5"},
        shows=CATALOGUE,
    ),
    page("renewals/", get=EVERYBODY),
    page("renewals/calendar/", get=EVERYBODY, post="200 else"),
    page("renewals/calendar/revoke/", post="302 else"),
    page(CALENDAR, "/calendar/{calendar_partner}.ics", get="200 else", shows=OF_PARTNER, defaults=""),
    page(CALENDAR, "/calendar/{calendar_lapsed}.ics", get="200 else", shows=OF_LAPSED, defaults=""),
    page(CALENDAR, "/calendar/{calendar_customer}.ics", get="200 else", shows=OF_CUSTOMER, defaults=""),
    page(CALENDAR, "/calendar/unknown-calendar-that-nobody-has.ics", get="404 else", defaults=""),
    page("trials/", get="200 vendor; 403 else"),
    page("releases/", get="200 vendor; 403 else"),
    page("releases/", "/releases/?state=released", get="200 vendor; 403 else"),
    page("releases/mark/", "/releases/mark/?key={key_waiting}", post="302 vendor.admin; 403 else"),
    page("releases/mark/", "/releases/mark/?key={key_held}", post="409 vendor.admin; 403 else"),
    page("releases/reopen/", "/releases/reopen/?key={key_released}", post="302 vendor.admin; 403 else"),
    page("releases/reopen/", "/releases/reopen/?key={key_held}", post="409 vendor.admin; 403 else"),
    *(
        page(
            f"{TRIAL}{action}/",
            f"/trials/{{{trial}}}/{action}/",
            get="200 vendor.admin; 403 else",
            post="302 vendor.admin; 403 else",
            data={"reason": "No", "ends_on": "{extended}", "quantity": "7"},
        )
        for action, trial in (
            ("approve", "trial_waiting"),
            ("decline", "trial_waiting"),
            ("extend", "trial_running"),
            ("convert", "trial_running"),
        )
    ),
    *(
        page(
            f"{TRIAL}cancel/",
            f"/trials/{{{trial}}}/cancel/",
            get="200 vendor.admin customer.admin; 404 customer2 ended stranger; 403 else",
            post="302 vendor.admin customer.admin; 404 customer2 ended stranger; 403 else",
        )
        for trial in ("trial_waiting", "trial_running")
    ),
    page("account/", get=EVERYBODY),
    page(
        "account/edit/",
        get=f"{NOT_ADMINS}; 200 else",
        post=f"{NOT_ADMINS}; 302 else",
        data={"name": "New", "country": "FR"},
    ),
    page("invite/", get=LINK_HOLDERS),
    page(INVITATION, "/i/{token_partner}/", get=EVERYBODY, shows=INVITER, defaults=""),
    page(INVITATION, "/i/{token_lapsed}/", get=EVERYBODY, shows=LAPSED, defaults=""),
    page(INVITATION, "/i/unknown/", get="404 else", defaults=""),
    page(
        f"{INVITATION}accept/",
        "/i/{token_partner}/accept/",
        data=READ,
        post=f"400 partner.admin; 403 nobody vendor; {NOT_ADMINS}; 302 else",
        shows=INVITER,
        defaults="login anonymous",
    ),
    page(
        f"{INVITATION}accept/",
        "/i/{token_partner}/accept/",
        data={"organization": "{stranger}"} | READ,
        post="302 stranger; 404 else",
        shows=INVITER,
        defaults="login anonymous",
    ),
    page(f"{INVITATION}decline/", "/i/{token_partner}/decline/", get=EVERYBODY, shows=INVITER, defaults=""),
    page(
        SHARING,
        "/connections/{connection}/sharing/",
        get="200 partner customer many@customer; 404 else",
        post="302 customer.admin; 403 partner customer many@customer; 404 else",
        data={"scopes": ["usage"], "version": "{consent}"} | READ,
    ),
    page(
        SHARING,
        "/connections/{connection_ended}/sharing/",
        get="200 partner ended; 404 else",
        post="409 ended; 403 partner; 404 else",
    ),
    page(
        END,
        "/connections/{connection}/end/",
        get=f"200 partner.admin customer.admin; {NOT_ADMINS}; 404 else",
        post=f"302 partner.admin customer.admin; {NOT_ADMINS}; 404 else",
    ),
    page(
        END,
        "/connections/{connection_ended}/end/",
        get=f"409 partner.admin ended; {NOT_ADMINS}; 404 else",
        post=f"409 partner.admin ended; {NOT_ADMINS}; 404 else",
    ),
    page(
        "organizations/new/",
        get=EVERYBODY,
        post="302 else",
        data={"name": "Founded", "country": "FR"},
        defaults="login anonymous",
    ),
    page(
        "organizations/switch/",
        post="302 many@customer partner; 404 else",
        data={"organization": "{partner}"},
        shows=[("partner", "name")],
        defaults="login anonymous",
    ),
    page("operators/", get=EVERYBODY),
    *(
        page(
            f"{OPERATOR}{action}/",
            f"/operators/{{operator_customer}}/{action}/",
            get=f"200 customer.admin; {NOT_ADMINS}; 404 else",
            post=f"302 customer.admin; {NOT_ADMINS}; 404 else",
            data={"roles": ["admin"]},
        )
        for action in ("roles", "remove")
    ),
    page(
        "me/",
        get=EVERYBODY,
        post="302 else",
        data={"name": "N", "language": "en", "time_zone": "UTC", "theme": "auto"},
        defaults="login anonymous",
    ),
    page("me/notices/", get=EVERYBODY, post="302 else", data={"ends_soon": "each"}),
    page("inbox/", get=EVERYBODY),
    page("inbox/read/", post="302 else"),
    page(NOTICE, "/inbox/{notice_partner}/", post="302 partner; 404 else"),
    page(NOTICE, "/inbox/{notice_customer}/", post="302 customer many@customer; 404 else"),
    page(
        f"{NOTICE}dismiss/",
        "/inbox/{notice_partner}/dismiss/",
        post=f"302 partner.admin partner.admin_agent; 404 distributor.admin_agent; {NOT_ADMINS}; 404 else",
    ),
    page(
        f"{NOTICE}restore/",
        "/inbox/{notice_customer}/restore/",
        post=f"302 customer.admin; 404 partner.admin_agent distributor.admin_agent; {NOT_ADMINS}; 404 else",
    ),
    page(".well-known/security.txt", get="200 else", defaults="", same_for_all=True),
    page(r"^robots\.txt$", "/robots.txt", get="200 else", defaults="", same_for_all=True),
    page("help/roles/", get=EVERYBODY, defaults="login anonymous"),
    page("language/", get="302 else", post="302 else", data={"language": "fr"}, defaults=""),
    page("ui-kit/", get=EVERYBODY, post=EVERYBODY, defaults="", same_for_all=True),
    page("ui-kit/dialog/", get=EVERYBODY, post=EVERYBODY, defaults="", same_for_all=True),
]

ACT_FOR = "organizations/<uuid:organization_id>/act-for/"
CONNECTION = "connections/<uuid:connection_id>/"
API_NOTICE = "notices/<uuid:notice_id>/"
API = [
    api("organizations/", get=EVERYBODY, defaults="401 anonymous"),
    api(
        ACT_FOR,
        "organizations/{partner}/act-for/",
        post="200 many@customer partner; 404 else",
        defaults="401 anonymous",
    ),
    api("connections/", get=EVERYBODY),
    api(CONNECTION, "connections/{connection}/", get="200 partner customer many@customer; 404 else"),
    api(
        "connections/accept/",
        data={"invitation_link": "{token_partner}", "scopes": ["entitlements"]},
        post=f"400 partner.admin; 403 vendor; {NOT_ADMINS}; 200 customer.admin customer2; 201 else",
        shows=[("partner", "name")],
    ),
    api(
        f"{CONNECTION}sharing/",
        "connections/{connection}/sharing/",
        get="200 partner customer many@customer; 404 else",
        put="200 customer.admin; 403 partner customer many@customer; 404 else",
        data={"scopes": ["usage"]},
    ),
    api(
        f"{CONNECTION}end/",
        "connections/{connection}/end/",
        post=f"200 partner.admin customer.admin; {OWN_NOT_ADMINS}; 404 else",
        defaults="401 anonymous",
    ),
    api("invitation-link/", get=LINK_HOLDERS),
    api("customers/", get=BADGE_HOLDERS),
    *(
        api(f"{CUSTOMER}{part}", f"customers/{subject}/{part}", get=answer)
        for part, over in (("", OVER), ("entitlements/", OVER), ("orders/", OVER_ORDERS), ("usage/", OVER_KEPT_BACK))
        for subject, answer in over.items()
    ),
    api("usage/", get=EVERYBODY),
    api("renewals/", get=EVERYBODY),
    api(
        "trials/",
        get="200 vendor customer customer2 ended stranger many@customer; 403 else",
        post="201 customer.admin customer2 ended stranger; 403 else",
        data={"sku": "{sku_vendor}"},
        shows=CATALOGUE,
    ),
    api(
        TRIAL,
        "trials/{trial_waiting}/",
        get="200 vendor customer many@customer; 404 customer2 ended stranger; 403 else",
    ),
    *(
        api(
            f"{TRIAL}{action}/",
            f"trials/{{{trial}}}/{action}/",
            data=data,
            post="200 vendor.admin; 404 customer2 ended stranger; 403 else",
        )
        for action, trial, data in (
            ("approve", "trial_waiting", {}),
            ("decline", "trial_waiting", {"reason": "No"}),
            ("extend", "trial_running", {"ends_on": "{extended}"}),
            ("convert", "trial_running", {"quantity": 7}),
        )
    ),
    *(
        api(
            f"{TRIAL}cancel/",
            f"trials/{{{trial}}}/cancel/",
            post="200 vendor.admin customer.admin; 404 customer2 ended stranger; 403 else",
        )
        for trial in ("trial_waiting", "trial_running")
    ),
    api("exports/", get=EVERYBODY, post=BADGE_HOLDERS, data={"list": "customers"}),
    *(
        api("exports/", get=EVERYBODY, post=answer, data={"list": "services", "customer": subject})
        for subject, answer in OVER.items()
    ),
    api(EXPORT, "exports/{export_partner}/", get="200 partner.admin; 404 else"),
    api(f"{EXPORT}file/", "exports/{export_partner}/file/", get="409 partner.admin; 404 else"),
    api("releases/", get="200 vendor; 403 else"),
    api("releases/done/", get="200 vendor; 403 else"),
    *(
        api(f"releases/{action}/", data={"key": key}, post="204 vendor.admin; 403 else")
        for action, key in (("mark", "{key_waiting}"), ("reopen", "{key_released}"))
    ),
    api("notices/", get=EVERYBODY),
    api("notices/read-all/", post="204 else"),
    # Only an ingest token opens these: no session does, whoever's it is.
    api("ingest/<str:kind>/", "ingest/usage/", get="401 else", post="401 else", defaults=""),
    api("ingest/uploads/<uuid:upload_id>/", "ingest/uploads/{upload}/", get="401 else", defaults=""),
    api(API_NOTICE, "notices/{notice_partner}/", get="200 partner; 404 else"),
    api(API_NOTICE, "notices/{notice_customer}/", get="200 customer many@customer; 404 else"),
    api(f"{API_NOTICE}read/", "notices/{notice_partner}/read/", post="200 partner; 404 else"),
    api(
        f"{API_NOTICE}dismiss/",
        "notices/{notice_partner}/dismiss/",
        post=f"200 partner.admin partner.admin_agent; 403 {READERS} {SALES_AGENTS}; 404 else",
    ),
    api(
        f"{API_NOTICE}restore/",
        "notices/{notice_customer}/restore/",
        post="200 customer.admin; 403 customer.reader many@customer; 404 else",
    ),
]
API_HELP = [
    page("api/schema/", get=EVERYBODY, defaults="401 anonymous", same_for_all=True),
    page("api/docs/", get=EVERYBODY, defaults="login anonymous", same_for_all=True),
    page(
        "api/<anything:rest>",
        "/api/v1/nothing/",
        get="404 else",
        post="404 else",
        defaults="401 anonymous",
        same_for_all=True,
    ),
]

FOR_GUESTS = "200 anonymous; 302 else"
FOR_PERSONS = "login anonymous; any else"
SIGN_IN = [
    sign_in("login/", get=FOR_GUESTS, post=FOR_GUESTS),
    sign_in("signup/", get=FOR_GUESTS, post=FOR_GUESTS),
    sign_in("password/reset/", get="200 else", post="200 else"),
    *(sign_in(f"{name}/") for name in ("logout", "inactive", "confirm-email", "login/code/confirm")),
    *(sign_in(f"password/reset/{name}/") for name in ("done", "key/done")),
    sign_in(r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$", "password/reset/key/1-set-password/"),
    *(
        sign_in(f"{name}/", get=FOR_PERSONS, post=FOR_PERSONS)
        for name in ("reauthenticate", "email", "password/change", "password/set", "two-factor", "sessions")
    ),
    *(sign_in(f"two-factor/{name}/") for name in ("authenticate", "webauthn/login")),
    *(
        sign_in(f"two-factor/{name}/", get=FOR_PERSONS, post=FOR_PERSONS)
        for name in (
            "reauthenticate",
            "totp/activate",
            "totp/deactivate",
            "recovery-codes",
            "recovery-codes/generate",
            "recovery-codes/download",
            "webauthn",
            "webauthn/add",
            "webauthn/reauthenticate",
        )
    ),
    *(
        sign_in(
            f"two-factor/webauthn/keys/<int:pk>/{action}/", f"two-factor/webauthn/keys/1/{action}/", get=FOR_PERSONS
        )
        for action in ("edit", "remove")
    ),
]

MATRIX = [*PAGES, *API, *API_HELP, *SIGN_IN]
