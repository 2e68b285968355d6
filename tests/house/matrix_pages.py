"""The permission matrix of the pages: every address, and who gets which answer."""

from tests.house.answers import (
    BADGE_HOLDERS,
    BADGELESS,
    EVERYBODY,
    LINK_HOLDERS,
    NO_FINANCE,
    NOT_ADMINS,
    OVER,
    OVER_KEPT_BACK,
    OVER_ORDERS,
    READERS,
    SAVERS,
    WITHOUT_KEPT_BACK,
    page,
)
from tests.world import KINDS, READ

OWN_VIEW = "200 partner.admin; 404 else"
OWN_SAVED = "302 partner.admin; 404 else"
VIEW = "lists/views/<uuid:view_id>/"
CUSTOMER = "customers/<uuid:customer_id>/"
END = "connections/<uuid:connection_id>/end/"
SHARING = "connections/<uuid:connection_id>/sharing/"
OPERATOR = "operators/<uuid:operator_id>/"
INVITED = "operators/pending/<uuid:invitation_id>/"
JOIN = "join/<str:token>/"
OF_JOIN = [("partner", "name"), ("partner", "people"), ("partner", "details")]  # the address and the ORGID
DOMAIN = "domains/<uuid:domain_id>/"
NOTICE = "inbox/<uuid:notice_id>/"
HOLDER = "usage/licences/<uuid:assignment_id>/"
OTHER_ADMINS = "customer2.admin ended.admin stranger.admin"  # of customers: they manage holders of their own
HOLDER_ADMINS = f"200 customer.admin {OTHER_ADMINS}; 403 customer.reader many@customer; 404 else"
INVITATION = "i/<str:token>/"
INVITER = [("partner", "name"), ("distributor", "name"), ("partner", "token"), ("partner", "details")]
CATALOGUE = [(name, "skus") for name in KINDS]  # of the vendor: everybody may choose from it
OF_CUSTOMER = [("customer", sort) for sort in ("name", "goods", "skus")]
OF_PARTNER = [(name, sort) for name in ("partner", "customer", "customer2") for sort in ("name", "goods", "skus")]
OF_LAPSED = [("lapsed", sort) for sort in ("name", "goods", "skus")]
CALENDAR = "calendar/<str:token>.ics"
TRIAL = "trials/<uuid:trial_id>/"
EXPORT = "exports/<uuid:export_id>/"
IMPORT = "imports/<uuid:import_id>/"
IMPORT_KIND = "imports/new/<str:kind_code>/"
BULK = "imports/bulk/<str:action_code>/"
REQUEST = "requests/<uuid:request_id>/"
REQUEST_FILE = f"{REQUEST}files/<uuid:file_id>/"
NO_MAKERS = f"404 vendor; {NOT_ADMINS}"  # of requests
MAKES = f"200 partner.admin; 404 vendor customer customer2 ended stranger many@customer; {NOT_ADMINS}; 404 else"
ASKED = {"title": "T", "justification": "J", "severity": "minimal", "contact_email": "a@example.com", "version": "2"}
ASKED |= {"country": "FR"}
DECIDES, DECIDES_BY_FORM = (f"{status} vendor.admin; 403 vendor.reader; 404 else" for status in (200, 302))
DECIDED = {"facts_digest": "other", "revision": "1"}  # on the right facts the organisation itself would be changed
SEES_PARTNERS = "200 distributor distributor2 vendor; 404 else"
ENDERS = "partner.admin partner2 distributor.admin distributor2"  # of connections
OTHERS = "403 vendor.reader; 404 else"  # than the vendor’s Admins
LAPSED = [("lapsed", "name"), ("lapsed", "token"), ("lapsed", "details")]

PAGES = [
    page("", "/", get=EVERYBODY),
    page("customers/", get=BADGE_HOLDERS.replace("distributor2;", "distributor2 vendor;")),
    *(
        page(f"{CUSTOMER}{tab}", f"/customers/{subject}/{tab}", get=answer)
        for tab in ("", "services/", "usage/", "activity/")
        for subject, answer in OVER.items()
    ),
    *(
        page(f"{CUSTOMER}usage/trend/", f"/customers/{subject}/usage/trend/", get=answer.replace("200", "302"))
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
    page("partners/", get=SEES_PARTNERS),
    page("partners/", "/partners/?over=false&state=active", get=SEES_PARTNERS),
    page("partners/<uuid:partner_id>/", "/partners/{partner}/", get="200 distributor; 302 vendor; 404 else"),
    page("partners/<uuid:partner_id>/", "/partners/{partner2}/", get="200 distributor2; 302 vendor; 404 else"),
    page("partners/<uuid:partner_id>/", "/partners/{customer}/", get="404 else"),
    page("distributors/", get="200 vendor; 404 else"),
    page(
        "lists/<str:list_key>/display/",
        "/lists/customers/display/",
        get=BADGE_HOLDERS,
        post=SAVERS,
        data={"density": "compact"},
    ),
    page(
        "lists/<str:list_key>/filters/",
        "/lists/customers/filters/",
        get=BADGE_HOLDERS,
        post=SAVERS,
        data={"seats_min": "5"},
    ),
    page(
        "lists/<str:list_key>/filters/",
        "/lists/all_customers/filters/",
        get="200 vendor; 404 else",
        post="302 vendor; 404 else",
    ),
    page("lists/<str:list_key>/filters/", "/lists/products/filters/", get="404 else", post="404 else"),
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
            ("activity_log", EVERYBODY),
            ("operators", EVERYBODY),
            ("pending_operators", EVERYBODY),
            ("renewals", EVERYBODY),
            ("customer_usage", BADGE_HOLDERS),
            ("own_renewals", EVERYBODY),
            ("partners", SEES_PARTNERS),
            ("distributors", "200 vendor; 404 else"),
            ("trials", "200 vendor; 404 else"),
            ("releases", "200 vendor; 404 else"),
            ("requests", "200 vendor; 404 else"),
            ("own_requests", "404 vendor; 200 else"),
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
        for key in ("connections", "inbox", "operators", "pending_operators", "renewals", "activity_log")
    ),
    page("exports/new/", post=HOLDER_ADMINS, data={"list": "licence_users", "customer": "{customer}"}),
    page("exports/new/", post=SEES_PARTNERS, data={"list": "partners"}),
    page("exports/new/", post="200 vendor; 404 else", data={"list": "distributors"}),
    page("exports/new/", post="200 vendor; 404 else", data={"list": "trials"}),
    page("exports/new/", post="200 vendor; 404 else", data={"list": "releases"}),
    page("exports/new/", post="200 vendor; 404 else", data={"list": "releases", "query": "state=released"}),
    page("exports/new/", post="200 vendor; 404 else", data={"list": "requests"}),
    page("exports/new/", post="404 vendor; 200 else", data={"list": "own_requests"}),
    page("exports/new/", post="404 else", data={"list": "assignments"}),
    page("exports/<uuid:export_id>/again/", "/exports/{export_partner}/again/", post="200 partner.admin; 404 else"),
    page("exports/<uuid:export_id>/file/", "/exports/{export_partner}/file/", get="409 partner.admin; 404 else"),
    page("imports/", get=EVERYBODY),
    page(BULK, "/imports/bulk/goods/", post="404 else", data={"what": "all"}),
    page(
        BULK,
        "/imports/bulk/end_connections/",
        post=f"302 {ENDERS}; 403 partner distributor {BADGELESS}; 404 else",
        data={"what": "ticked"},
    ),
    *(
        page(BULK, f"/imports/bulk/{code}/", post=f"302 vendor.admin; {OTHERS}", data={"what": "ticked"})
        for code in ("approve_trials", "extend_trials", "partner_managers", "distributor_manager", "customer_managers")
    ),
    *(
        page(
            BULK,
            f"/imports/bulk/{code}/",
            post=f"403 {READERS} distributor.reader; {SAVERS}",
            data={"what": "ticked"},
        )
        for code in ("renewal_state", "renewal_owner", "renewal_note")
    ),
    *(
        page(f"{IMPORT_KIND}{path}", f"/imports/new/goods/{path}", get="404 else", post=post)
        for path, post in (("", "404 else"), ("template/", ""))
    ),
    *(
        page(f"{IMPORT_KIND}{path}", f"/imports/new/operators/{path}", get=get, post=post)
        for path, get, post in (
            ("", f"200 vendor.admin; {OTHERS}", f"400 vendor.admin; {OTHERS}"),
            ("template/", f"200 vendor.admin; {OTHERS}", ""),
        )
    ),
    page(IMPORT, "/imports/{import_partner}/", get="200 partner.admin; 404 else"),
    page(f"{IMPORT}apply/", "/imports/{import_partner}/apply/", post="404 else", data={"mode": "merge"}),
    page(f"{IMPORT}cancel/", "/imports/{import_partner}/cancel/", post="409 partner.admin; 404 else"),
    page(f"{IMPORT}results/", "/imports/{import_partner}/results/", get="410 partner.admin; 404 else"),
    page("connections/", get="200 customer customer2 ended stranger many@customer; 404 else"),
    page("usage/", get=EVERYBODY),
    page("usage/trend/", get=EVERYBODY.replace("200", "302")),
    page("usage/customers/", get=BADGE_HOLDERS),
    page("usage/customers/", "/usage/customers/?q=nobody-has-this-name", get=BADGE_HOLDERS),
    page("usage/licences/", get=HOLDER_ADMINS),
    *(
        page(f"{HOLDER}{action}/", f"/usage/licences/{{holder_customer}}/{action}/", get=get, post=post)
        for action, get, post in (
            (
                "release",
                "200 customer.admin; 403 customer.reader many@customer; 404 else",
                "302 customer.admin; 403 customer.reader many@customer; 404 else",
            ),
            ("keep", "", "302 customer.admin; 403 customer.reader many@customer; 404 else"),
        )
    ),
    page("services/", get=EVERYBODY),
    page("orders/", get=EVERYBODY),
    page(
        "services/trial/",
        get="200 customer.admin customer2 ended stranger; 403 customer.reader many@customer; 404 else",
        post="302 customer.admin customer2 ended stranger; 403 customer.reader many@customer; 404 else",
        data={"sku": "{sku_vendor}", "quantity": "5"},
        shows=CATALOGUE,
    ),
    page("renewals/", get=EVERYBODY),
    *(
        page(
            "renewals/<uuid:entitlement_id>/",
            f"/renewals/{{{subject}}}/",
            get=answer,
            post=f"403 {READERS} distributor.reader; {seen}{answer.replace('200', '302')}",
            data={"state": "quoted", "note": "Noted", "ends_on": "{renewal_day}", "revision": revision},
        )
        for subject, answer, revision, seen in (
            ("renewal", OVER["{customer}"], "1", ""),
            ("renewal2", OVER["{customer2}"], "0", "200 distributor2; "),  # which has noted something since
            ("renewal_stranger", OVER["{stranger}"], "0", ""),
        )
    ),
    page(
        "renewals/<uuid:entitlement_id>/undo/",
        "/renewals/{renewal}/undo/?revision=1",
        post=f"403 {READERS} distributor.reader; 302 partner distributor; 403 {BADGELESS}; 404 else",
    ),
    page("renewals/calendar/", get=EVERYBODY, post="200 else"),
    page("renewals/calendar/revoke/", post="302 else"),
    page(CALENDAR, "/calendar/{calendar_partner}.ics", get="200 else", shows=OF_PARTNER, defaults=""),
    page(CALENDAR, "/calendar/{calendar_lapsed}.ics", get="200 else", shows=OF_LAPSED, defaults=""),
    page(CALENDAR, "/calendar/{calendar_customer}.ics", get="200 else", shows=OF_CUSTOMER, defaults=""),
    page(CALENDAR, "/calendar/unknown-calendar-that-nobody-has.ics", get="404 else", defaults=""),
    page("trials/", get="200 vendor; 404 else"),
    page("releases/", get="200 vendor; 404 else"),
    page("releases/", "/releases/?state=released", get="200 vendor; 404 else"),
    page("releases/mark/", "/releases/mark/?key={key_waiting}", post=f"302 vendor.admin; {OTHERS}"),
    page("releases/mark/", "/releases/mark/?key={key_held}", post=f"409 vendor.admin; {OTHERS}"),
    page("releases/reopen/", "/releases/reopen/?key={key_released}", post=f"302 vendor.admin; {OTHERS}"),
    page("releases/reopen/", "/releases/reopen/?key={key_held}", post=f"409 vendor.admin; {OTHERS}"),
    *(
        page(
            f"{TRIAL}{action}/",
            f"/trials/{{{trial}}}/{action}/",
            get=f"200 vendor.admin; {OTHERS}",
            post=f"302 vendor.admin; {OTHERS}",
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
            get="200 vendor.admin customer.admin; 403 vendor.reader customer.reader many@customer; 404 else",
            post="302 vendor.admin customer.admin; 403 vendor.reader customer.reader many@customer; 404 else",
        )
        for trial in ("trial_waiting", "trial_running")
    ),
    page("requests/", get="404 vendor; 200 else"),
    page("requests/queue/", get="200 vendor; 404 else"),
    page("requests/queue/", "/requests/queue/?state=closed", get="200 vendor; 404 else"),
    page(
        "requests/new/<str:kind>/<uuid:subject_id>/",
        "/requests/new/organization.country/{partner}/",
        get=MAKES,
        post=MAKES.replace("200", "302"),
    ),
    page(REQUEST, "/requests/{request_partner}/", get="200 partner vendor; 404 else"),
    page(REQUEST, "/requests/{request_publisher}/", get="200 publisher vendor; 404 else"),
    page(REQUEST, "/requests/{request_draft}/", get="200 publisher; 404 else"),
    page(
        f"{REQUEST}details/",
        "/requests/{request_draft}/details/",
        get=f"200 publisher.admin; {NO_MAKERS}; 404 else",
        post=f"302 publisher.admin; {NO_MAKERS}; 404 else",
        data=ASKED | {"save": "1"},
    ),
    page(
        f"{REQUEST}details/",
        "/requests/{request_partner}/details/",
        get=f"409 partner.admin; {NO_MAKERS}; 404 else",
        post=f"409 partner.admin; {NO_MAKERS}; 404 else",
    ),
    page(
        f"{REQUEST}discard/",
        "/requests/{request_draft}/discard/",
        get=f"200 publisher.admin; {NO_MAKERS}; 404 else",
        post=f"302 publisher.admin; {NO_MAKERS}; 404 else",
    ),
    page(
        f"{REQUEST}withdraw/",
        "/requests/{request_partner}/withdraw/",
        get=f"200 partner.admin; {NO_MAKERS}; 404 else",
        post=f"302 partner.admin; {NO_MAKERS}; 404 else",
    ),
    *(
        page(
            f"{REQUEST}{action}/",
            f"/requests/{{request_partner}}/{action}/",
            get=DECIDES,
            post=DECIDES_BY_FORM,
            data=data,
        )
        for action, data in (("ask", {"message": "Why?"}), ("decline", {"reason": "No", "revision": "1"}))
    ),
    page(REQUEST_FILE, "/requests/{request_partner}/files/{request_partner_file}/", get="410 partner vendor; 404 else"),
    page(REQUEST_FILE, "/requests/{request_draft}/files/{request_draft_file}/", get="410 publisher; 404 else"),
    page(REQUEST_FILE, "/requests/{request_publisher}/files/{request_partner_file}/", get="404 else"),
    page(
        f"{REQUEST}approve/",
        "/requests/{request_partner}/approve/",
        get=f"200 vendor.admin; {OTHERS}",
        post=f"409 vendor.admin; {OTHERS}",
        data=DECIDED,
    ),
    page(f"{REQUEST}assign/", "/requests/{request_partner}/assign/", post=DECIDES_BY_FORM),
    page(
        f"{REQUEST}messages/",
        "/requests/{request_partner}/messages/",
        post=f"302 partner.admin vendor.admin; {NOT_ADMINS}; 404 else",
        data={"message": "Hello"},
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
        post=f"400 partner.admin; 403 nobody; 404 vendor; {NOT_ADMINS}; 302 else",
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
    page("operators/pending/", get=EVERYBODY),
    page(
        "operators/add/",
        get=f"{NOT_ADMINS}; 200 else",
        post=f"{NOT_ADMINS}; 200 else",
        data={"email": "somebody@gmail.com", "roles": ["reader"]},
    ),
    *(
        page(
            f"{INVITED}{action}/",
            f"/operators/pending/{{invitation_customer}}/{action}/",
            get=f"200 customer.admin; {NOT_ADMINS}; 404 else",
            post=f"{status} customer.admin; {NOT_ADMINS}; 404 else",
        )
        for action, status in (("resend", 302), ("link", 200), ("withdraw", 302))
    ),
    page(JOIN, "/join/{join_partner}/", get="200 else", defaults="", shows=OF_JOIN),
    page(JOIN, "/join/unknown/", get="404 else", defaults=""),
    page(f"{JOIN}continue/", "/join/{join_partner}/continue/", post="302 else", defaults=""),
    page(f"{JOIN}continue/", "/join/unknown/continue/", post="404 else", defaults=""),
    page(
        f"{JOIN}accept/", "/join/{join_partner}/accept/", post="login anonymous; 403 else", defaults="", shows=OF_JOIN
    ),
    page(f"{JOIN}accept/", "/join/unknown/accept/", post="login anonymous; 404 else", defaults=""),
    page(f"{JOIN}leave/", "/join/{join_partner}/leave/", post="login else", defaults=""),
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
    page("organizations/join/", post="404 else", data={"organization": "{partner}"}, defaults="login anonymous"),
    *(
        page(
            f"operators/requests/<uuid:request_id>/{action}/",
            f"/operators/requests/{{join_request}}/{action}/",
            get=f"200 stranger.admin; {NOT_ADMINS}; 404 else",
            post=f"302 stranger.admin; {NOT_ADMINS}; 404 else",
            data={"roles": ["reader"]},
        )
        for action in ("grant", "decline")
    ),
    page("domains/", get=EVERYBODY),
    page("domains/new/", get=f"{NOT_ADMINS}; 200 else", post=f"{NOT_ADMINS}; 302 else", data={"name": "added.example"}),
    page(f"{DOMAIN}check/", "/domains/{domain_customer}/check/", post=f"302 customer.admin; {NOT_ADMINS}; 404 else"),
    page(
        f"{DOMAIN}remove/",
        "/domains/{domain_customer}/remove/",
        get=f"200 customer.admin; {NOT_ADMINS}; 404 else",
        post=f"302 customer.admin; {NOT_ADMINS}; 404 else",
    ),
    page("security/", get=EVERYBODY),
    page("security/second-factor/", post=f"{NOT_ADMINS}; 302 else", data={"required": "false"}),
    page(
        "me/",
        get=EVERYBODY,
        post="302 else",
        data={"name": "N", "language": "en", "time_zone": "UTC", "theme": "auto"},
        defaults="login anonymous",
    ),
    page("me/first-steps/dismiss/", post="302 else", data={}, defaults="login anonymous"),
    page("me/first-steps/restore/", post="302 else", data={}, defaults="login anonymous"),
    page("me/set/", post="302 else", data={"theme": "dark"}, defaults="login anonymous"),
    page("me/notices/", get=EVERYBODY, post="302 else", data={"ends_soon": "each"}),
    page("activity/", get=EVERYBODY),
    page(
        "activity/<uuid:event_id>/", "/activity/{event_connected}/", get="200 partner customer many@customer; 404 else"
    ),
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
    page("search/", "/search/?q=a", get=EVERYBODY, defaults="login anonymous"),
    page("help/", get=EVERYBODY, defaults="login anonymous"),
    page("help/roles/", get=EVERYBODY, defaults="login anonymous"),
    page("language/", get="302 else", post="302 else", data={"language": "fr"}, defaults=""),
    page("ui-kit/", get=EVERYBODY, post=EVERYBODY, defaults="", same_for_all=True),
    page("ui-kit/dialog/", get=EVERYBODY, post=EVERYBODY, defaults="", same_for_all=True),
]
