"""The permission matrix of the API: every address, and who gets which answer."""

from tests.house.answers import (
    BADGE_HOLDERS,
    EVERYBODY,
    LINK_HOLDERS,
    NOT_ADMINS,
    OVER,
    OVER_KEPT_BACK,
    OVER_ORDERS,
    OWN_NOT_ADMINS,
    READERS,
    SALES_AGENTS,
    api,
    page,
)
from tests.house.matrix_pages import CATALOGUE, CUSTOMER, DECIDED, EXPORT, IMPORT, MAKES, REQUEST, REQUEST_FILE, TRIAL

ACT_FOR = "organizations/<uuid:organization_id>/act-for/"
CONNECTION = "connections/<uuid:connection_id>/"
# Who sees no request of the partner's: everybody but itself and the vendor.
NO_REQUEST = (
    "partner2 lapsed nobadge customer customer2 ended stranger distributor distributor2 publisher many@customer"
)
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
        post=f"400 partner.admin; 404 vendor; {NOT_ADMINS}; 200 customer.admin customer2; 201 else",
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
        get="200 vendor customer customer2 ended stranger many@customer; 404 else",
        post="201 customer.admin customer2 ended stranger; 403 customer.reader many@customer; 404 else",
        data={"sku": "{sku_vendor}"},
        shows=CATALOGUE,
    ),
    api(
        TRIAL,
        "trials/{trial_waiting}/",
        get="200 vendor customer many@customer; 404 else",
    ),
    *(
        api(
            f"{TRIAL}{action}/",
            f"trials/{{{trial}}}/{action}/",
            data=data,
            post="200 vendor.admin; 403 vendor.reader; 404 else",
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
            post="200 vendor.admin customer.admin; 403 vendor.reader customer.reader many@customer; 404 else",
        )
        for trial in ("trial_waiting", "trial_running")
    ),
    api(
        "requests/",
        get=EVERYBODY,
        post=MAKES.replace("200", "201"),
        data={"kind": "organization.country", "subject": "{partner}"},
    ),
    api(
        REQUEST,
        "requests/{request_partner}/",
        get="200 partner vendor; 404 else",
        put="409 partner.admin; 403 partner; 404 else",
        data={"title": "T"},
    ),
    api(
        REQUEST,
        "requests/{request_draft}/",
        get="200 publisher; 404 else",
        put="200 publisher.admin; 403 publisher.reader; 404 else",
        data={"title": "T"},
    ),
    *(
        api(f"{REQUEST}{action}/", f"requests/{{request_draft}}/{action}/", post=answer)
        for action, answer in (
            ("discard", "204 publisher.admin; 403 publisher.reader; 404 else"),
            ("submit", "409 publisher.admin; 403 publisher.reader; 404 else"),
        )
    ),
    api(
        f"{REQUEST}answer/",
        "requests/{request_partner}/answer/",
        post="409 partner.admin; 403 partner; 404 else",
    ),
    api(
        f"{REQUEST}withdraw/",
        "requests/{request_partner}/withdraw/",
        post="200 partner.admin; 403 partner; 404 else",
    ),
    *(
        api(
            f"{REQUEST}{action}/",
            f"requests/{{request_partner}}/{action}/",
            post="200 vendor.admin; 403 vendor.reader; 404 else",
            data=data,
        )
        for action, data in (
            ("ask", {"message": "Why?"}),
            ("decline", {"reason": "No", "revision": 1}),
        )
    ),
    api(
        f"{REQUEST}approve/",
        "requests/{request_partner}/approve/",
        post="409 vendor.admin; 403 vendor.reader; 404 else",
        data=DECIDED,
    ),
    api(f"{REQUEST}findings/", "requests/{request_partner}/findings/", get="200 vendor; 404 else"),
    api(
        f"{REQUEST}messages/",
        "requests/{request_partner}/messages/",
        get="200 partner vendor; 404 else",
        post=f"201 partner.admin vendor.admin; 404 {NO_REQUEST}; 403 else",
        data={"message": "Hello"},
    ),
    api(
        f"{REQUEST}files/",
        "requests/{request_partner}/files/",
        get="200 partner vendor; 404 else",
        post=f"404 {NO_REQUEST}; 415 else",
    ),
    api(
        f"{REQUEST}files/",
        "requests/{request_draft}/files/",
        get="200 publisher; 404 else",
        post="415 publisher; 404 else",
    ),
    api(
        REQUEST_FILE,
        "requests/{request_partner}/files/{request_partner_file}/",
        get="410 partner vendor; 404 else",
        delete="409 partner.admin; 403 partner; 404 else",
    ),
    api(
        REQUEST_FILE,
        "requests/{request_draft}/files/{request_draft_file}/",
        get="410 publisher; 404 else",
        delete="204 publisher.admin; 403 publisher.reader; 404 else",
    ),
    api("exports/", get=EVERYBODY, post=BADGE_HOLDERS, data={"list": "customers"}),
    *(
        api("exports/", get=EVERYBODY, post=answer, data={"list": "services", "customer": subject})
        for subject, answer in OVER.items()
    ),
    api(EXPORT, "exports/{export_partner}/", get="200 partner.admin; 404 else"),
    api(f"{EXPORT}file/", "exports/{export_partner}/file/", get="409 partner.admin; 404 else"),
    api("imports/", get=EVERYBODY, post="415 else", data={"kind": "goods"}),
    api(IMPORT, "imports/{import_partner}/", get="200 partner.admin; 404 else"),
    api(f"{IMPORT}apply/", "imports/{import_partner}/apply/", post="404 else", data={"mode": "merge"}),
    api(f"{IMPORT}cancel/", "imports/{import_partner}/cancel/", post="409 partner.admin; 404 else"),
    api(f"{IMPORT}results/", "imports/{import_partner}/results/", get="410 partner.admin; 404 else"),
    api("releases/", get="200 vendor; 404 else"),
    api("releases/done/", get="200 vendor; 404 else"),
    *(
        api(f"releases/{action}/", data={"key": key}, post="204 vendor.admin; 403 vendor.reader; 404 else")
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
