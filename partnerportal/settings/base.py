"""The settings that every environment shares. No other module reads the environment's variables."""

import datetime as dt
import os
import tempfile
from operator import attrgetter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from partnerportal.consumer_mail import CONSUMER_MAIL_DOMAINS
from partnerportal.lib import logs
from partnerportal.lib.environment import Environment

BASE_DIR = Path(__file__).resolve().parents[2]
env = Environment()

# --- Where the portal lives ---------------------------------------------------------------------------------
SECRET_KEY: str = env.read_secret("SECRET_KEY")
SECRETS_KEYS: list[str] = env.read_encryption_keys("SECRETS_KEYS")  # of secrets that lie encrypted in the database
PORTAL_ORIGIN: str = env.read_origin("PORTAL_ORIGIN")  # links in mails and invitations are built from this alone
PORTAL_HOST: str = urlsplit(PORTAL_ORIGIN).hostname or ""
# The kinds of process, each of which has a database role, and the variable that holds the role's URL.
DATABASE_VARIABLES = {"web": "DATABASE_URL", "job": "DATABASE_JOB_URL", "owner": "DATABASE_OWNER_URL"}
PORTAL_PROCESS: str = env.read_choice("PORTAL_PROCESS", DATABASE_VARIABLES, default="web")
SECURITY_CONTACT: str = env.read_secret("SECURITY_CONTACT", "")  # address or https:// page for whoever finds a weakness
ALLOWED_HOSTS = [PORTAL_HOST]
CSRF_TRUSTED_ORIGINS = [PORTAL_ORIGIN]
DEBUG = False
PORTAL_UI_KIT = False  # whether the catalogue of components is shown; it is for developers

# --- Applications -------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "notifications",
    "accounts",
    "connections",
    "entitlements",
    "support",
    "marketplace",
    "exports",
    "imports",
    "partnerportal",
    "allauth",  # stands before auth, because of two translations of a text, such as "Email", the first counts
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "django_cotton.apps.SimpleAppConfig",
    "template_partials.apps.SimpleAppConfig",
    "lucide",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "csp",
]

MIDDLEWARE = [
    "partnerportal.access_log.AccessLogMiddleware",
    "partnerportal.metrics.MetricsMiddleware",
    "partnerportal.compression.CompressionMiddleware",
    "partnerportal.middleware.PermissionsPolicyMiddleware",
    "partnerportal.middleware.HealthCheckMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "partnerportal.middleware.SecretURLMiddleware",
    "partnerportal.static_files.StaticFilesMiddleware",
    "csp.middleware.CSPMiddleware",
    "partnerportal.lib.sessions.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",  # outside the transaction, so that allauth mails after the commit
    "partnerportal.middleware.ActorMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
]

ROOT_URLCONF = "partnerportal.urls"
WSGI_APPLICATION = "partnerportal.wsgi.application"

TEMPLATES = [
    {
        "NAME": "django",
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "partnerportal.context.page_shell_context",
            ],
            # Partials outside, cotton first: the order both libraries need when they are configured by hand.
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "partnerportal.loaders.TranslatedTemplateLoader",
                            [
                                "django_cotton.cotton_loader.Loader",
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django_cotton.templatetags.cotton",
                "template_partials.templatetags.partials",
                "partnerportal.templatetags.ui",
                "partnerportal.templatetags.components",
            ],
        },
    },
    {  # for the parts of pages that repeat, by the tag {% jinja %}
        "NAME": "jinja",
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {"environment": "partnerportal.jinja.build_jinja_environment"},
    },
]
COTTON_DIR = "ui"

# --- Database, sessions, cache: all in PostgreSQL, so that losing Redis signs nobody out and refuses nobody ----
_database = env.read_database_settings(DATABASE_VARIABLES[PORTAL_PROCESS])
# By SQL alone a role may change these settings for all who sign in with it. What the connection itself asks for wins.
DATABASE_PINS = (
    "-c search_path=public -c row_security=on -c default_transaction_read_only=off -c local_preload_libraries="
)
_limits = f"{DATABASE_PINS} -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s"
if PORTAL_PROCESS == "web":
    _limits += " -c statement_timeout=15s"
DATABASES = {
    "default": {
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,  # they do not work behind a transaction pooler
        **_database,
        "ENGINE": "partnerportal.lib.postgres",
        "OPTIONS": {  # options of the URL win over these, TLS above all; of two limits the last one counts
            "connect_timeout": 5,
            # A server that is cut off without a word is given up after this time, and not after a quarter of an hour:
            # seconds in which it does not answer TCP, milliseconds in which nothing that was sent has arrived.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,
            **_database["OPTIONS"],
            "options": f"{_limits} {_database['OPTIONS'].get('options', '')}".strip(),
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SESSION_ENGINE = "partnerportal.lib.sessions"
CACHES = {
    "default": {
        "BACKEND": "partnerportal.lib.cache.JsonCache",
        "LOCATION": "portal_cache",
    }
}

# --- Sign-in ------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["accounts.backends.PortalAuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# Mails never contain the name that somebody typed at sign-up, because it could be any text, sent by us to any address.
ACCOUNT_USER_DISPLAY = attrgetter("email")
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.people.SignupForm"
ACCOUNT_FORMS = {
    "add_email": "accounts.forms.sign_in.AddEmailForm",
    "change_password": "accounts.forms.sign_in.ChangePasswordForm",
    "confirm_email_verification_code": "accounts.forms.sign_in.ConfirmEmailCodeForm",
    "confirm_login_code": "accounts.forms.sign_in.ConfirmSignInCodeForm",
    "login": "accounts.forms.sign_in.LoginForm",
    "reset_password": "accounts.forms.sign_in.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.sign_in.ResetPasswordKeyForm",
    "set_password": "accounts.forms.sign_in.SetPasswordForm",
    "user_token": "accounts.forms.sign_in.PasswordResetTokenForm",
}
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "accounts.reset_links.PasswordResetLinkTokenGenerator"
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 15 * 60  # seconds, as for the code that verifies an address
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = 5  # new codes, each after a wait
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = urlsplit(PORTAL_ORIGIN).scheme
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ALLAUTH_TRUSTED_PROXY_COUNT = env.read_number("TRUSTED_PROXY_COUNT", default=0)
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_TOTP_ISSUER = "partnerportal"
MFA_ADAPTER = "accounts.secrets.MFAAdapter"
MFA_FORMS = {
    "authenticate": "accounts.forms.sign_in.AuthenticateSecondFactorForm",
    "reauthenticate": "accounts.forms.sign_in.ReauthenticateSecondFactorForm",
    "authenticate_webauthn": "accounts.forms.sign_in.AuthenticateWebAuthnForm",
    "reauthenticate_webauthn": "accounts.forms.sign_in.ReauthenticateWebAuthnForm",
    "login_webauthn": "accounts.forms.sign_in.LoginWebAuthnForm",
    "add_webauthn": "accounts.forms.sign_in.AddWebAuthnForm",
    "activate_totp": "accounts.forms.sign_in.ActivateTOTPForm",
}
USERSESSIONS_TRACK_ACTIVITY = False  # it would write on every request, and the time of the sign-in is enough here

SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 7 * 24 * 3600  # seconds from the sign-in to the end of a session, however it is used
PORTAL_IDLE_SECONDS = 8 * 3600  # without a request, after which a session ends
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CSRF_FAILURE_VIEW = "partnerportal.views.csrf_failure"

# For django-csp. No page has inline scripts or styles: sizes from data go into SVG attributes, <progress> and <meter>.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- Languages ----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français"), ("ja", "日本語")]  # each in its own language
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- Static files -------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_FINDERS = [
    "partnerportal.finders.GeneratedFilesFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
STATIC_ROOT = Path(env("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
WHITENOISE_MANIFEST_STRICT = False  # a missing picture must not take a page down, least of all an error page
WHITENOISE_KEEP_ONLY_HASHED_FILES = True  # pages name no others
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ("map", "woff", "woff2", "png", "jpg", "ico", "gz", "br")
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    "private": {"BACKEND": "partnerportal.lib.private_files.PrivateFolderStorage"},
}

# --- Files that only the portal hands out: exports, and what the vendor's systems send ------------------------
# Web and worker must see the same folder, and no other installation may use it: the sweep deletes unknown files.
PRIVATE_ROOT = Path(env("PRIVATE_ROOT", default=str(BASE_DIR / ".portal" / "private")))
# The bucket in place of the folder, where several machines share the work. PRIVATE_ROOT then holds passing files only.
PRIVATE_BUCKET: str = env("PRIVATE_BUCKET", default="")
if PRIVATE_BUCKET:
    STORAGES["private"] = {
        "BACKEND": "partnerportal.lib.private_bucket.PrivateS3Storage",
        "OPTIONS": {
            "bucket_name": PRIVATE_BUCKET,
            "location": env("PRIVATE_BUCKET_PREFIX", default="") or PORTAL_HOST,  # two installations may share a bucket
            "endpoint_url": env("PRIVATE_BUCKET_ENDPOINT", default="") or None,
            "region_name": env("PRIVATE_BUCKET_REGION", default="") or None,
            "access_key": env("PRIVATE_BUCKET_KEY", default="") or None,
            "secret_key": env.read_secret("PRIVATE_BUCKET_SECRET", default="") or None,
        },
    }
FILE_UPLOAD_HANDLERS = [  # of forms: a small file stays in memory
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "partnerportal.lib.upload_handlers.NamelessFileUploadHandler",
]
INGEST_BYTES = env.read_number("INGEST_BYTES", default=256 * 1024**2)  # most bytes of one upload, as it is sent
INGEST_UNPACKED_BYTES = env.read_number("INGEST_UNPACKED_BYTES", default=2 * 1024**3)  # most bytes of one, unpacked

# --- Mail ---------------------------------------------------------------------------------------------------
EMAIL_BACKEND: str
vars().update(env.read_mail_settings("EMAIL_URL"))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env("DEFAULT_FROM_EMAIL", default=f"Partner portal <no-reply@{PORTAL_HOST}>")
EMAIL_TIMEOUT = 10  # seconds; only workers wait for it

# --- Background work ----------------------------------------------------------------------------------------
# With these values nothing was lost when workers were killed. visibility_timeout must be over twice the time limit.
CELERY_BROKER_URL: str = env.read_secret("REDIS_URL")
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SOFT_TIME_LIMIT = 100
CELERY_TASK_TIME_LIMIT = 120
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # no limit: a worker waits for its broker as long as it takes
CELERY_BROKER_CHANNEL_ERROR_RETRY = True  # it also waits for a broker that is full and refuses acknowledgements
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, float] = {
    "visibility_timeout": 270,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "unacked_mutex_expire": 10,
    "socket_timeout": 30,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 25,
}
if PORTAL_PROCESS == "web":  # it only wakes workers (lib/waking.py), and a thread that hangs in one must end soon
    CELERY_BROKER_TRANSPORT_OPTIONS |= {"max_retries": 0, "socket_timeout": 0.3, "socket_connect_timeout": 0.3}

# --- How long rows are kept that would add up for ever: the time until a sweep deletes them -------------------
PORTAL_UNVERIFIED_KEPT = dt.timedelta(days=env.read_number("UNVERIFIED_DAYS", 30))  # accounts that proved no address
PORTAL_ATTEMPTS_KEPT = dt.timedelta(days=env.read_number("ATTEMPTS_DAYS", 30))  # counts of failed sign-ins
PORTAL_SECRET_MAILS_KEPT = dt.timedelta(hours=1)  # unsent mails with a code or link, which is of no use for longer
PORTAL_NOTICES_KEPT = dt.timedelta(days=env.read_number("NOTICE_DAYS", 730))  # notices, and notes of announced ends
PORTAL_DELIVERIES_KEPT = dt.timedelta(days=env.read_number("DELIVERY_DAYS", 90))  # mails that were sent or given up
EVENT_DAYS = env.read_number("EVENT_DAYS", 0)  # of the log, 90 at least; 0: for good
PORTAL_EVENTS_KEPT = dt.timedelta(days=EVENT_DAYS) if EVENT_DAYS else None
PORTAL_IDEMPOTENCY_KEPT = dt.timedelta(hours=24)  # API requests with an Idempotency-Key, and responses
PORTAL_EXPORTS_KEPT = dt.timedelta(days=env.read_number("EXPORT_DAYS", 30))  # exports; their files go after a day
PORTAL_IMPORTS_KEPT = dt.timedelta(days=env.read_number("IMPORT_DAYS", 30))  # imports; their files go after a week
PORTAL_JOIN_REQUESTS_KEPT = dt.timedelta(days=90)  # of persons who ask to be let in; until then a refusal holds
PORTAL_DOMAIN_PROOFS_KEPT = dt.timedelta(days=30)  # domains that nobody has proved since they were added
PORTAL_UPLOADS_KEPT = dt.timedelta(days=env.read_number("UPLOAD_DAYS", 90))  # results of uploads, with their keys
PORTAL_ANOMALIES_KEPT = dt.timedelta(days=env.read_number("ANOMALY_DAYS", 730))  # anomalies that have ended
PORTAL_INVITATIONS_KEPT = dt.timedelta(days=env.read_number("INVITATION_DAYS", 90))  # used, withdrawn or ended

# --- Invitations that are mailed ----------------------------------------------------------------------------
# How long one can be accepted, counted from its last mail or link.
PORTAL_ACTIVATION_KEPT = dt.timedelta(days=env.read_number("ACTIVATION_DAYS", 7, at_least=1, at_most=30))

# --- Domains that organisations prove -------------------------------------------------------------------------
PORTAL_CONSUMER_MAIL_DOMAINS = CONSUMER_MAIL_DOMAINS | env.read_domains("CONSUMER_MAIL_DOMAINS")
PORTAL_WORK_MAIL_DOMAINS = env.read_domains("WORK_MAIL_DOMAINS")  # that the lists of consumer mail name, and are not
DNS_RESOLVERS = env.read_resolvers("DNS_RESOLVERS")  # they look up TXT records; without any, those of the system do

# --- Trials -------------------------------------------------------------------------------------------------
PORTAL_TRIAL_TIME = dt.timedelta(days=14)  # from the approval on; an extension adds the same again
PORTAL_ACTIVATIONS_A_DAY = env.read_number("ACTIVATIONS_A_DAY", 50)  # mails with activation links of one organisation
PORTAL_PRICE_NOTICE_DAYS = env.read_number("PRICE_NOTICE_DAYS", 90)  # before a higher price reaches a running sale

# --- API ----------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["partnerportal.api_authentication.PortalSessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["partnerportal.api_permissions.ActorRequiredPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["partnerportal.lib.api_input.JSONBodyParser"],
    "DEFAULT_METADATA_CLASS": None,  # OPTIONS answers 405, because the schema says what there is
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_SCHEMA_CLASS": "partnerportal.lib.api_schema.PortalAutoSchema",
    "EXCEPTION_HANDLER": "partnerportal.errors.api_exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
DRF_STANDARDIZED_ERRORS = {"EXCEPTION_FORMATTER_CLASS": "partnerportal.errors.ProblemFormatter"}
SPECTACULAR_SETTINGS = {
    "TITLE": "partnerportal API",
    "DESCRIPTION": "The same actions, filters and rows as the pages, for the organisation that the session acts for.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["partnerportal.api_permissions.ActorRequiredPermission"],
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "OrganizationKind": "accounts.models.OrganizationKind",
        "ConnectionState": "connections.models.Connection.State",
        "EntitlementKind": "entitlements.models.Entitlement.Kind",
        "EntitlementState": "entitlements.models.Entitlement.State",
        "EntitlementSection": "entitlements.models.Entitlement.Section",
        "EntitlementSource": "entitlements.models.Entitlement.Source",
        "SkuKind": "entitlements.models.Sku.Kind",
        "OrderState": "entitlements.models.Order.State",
        "ExportState": "exports.api.serializers.STATES",
        "ImportState": "imports.models.Import.State",
        "UploadKind": "entitlements.models.IngestUpload.Kind",
        "UploadState": "entitlements.models.IngestUpload.State",
        "HealthIssueKind": "marketplace.models.HealthIssue.Kind",
        "OfferType": "marketplace.models.OfferType",
        "PricingModel": "marketplace.models.PricingModel",
        "AudienceOption": "marketplace.models.Audience",
        "OfferState": "marketplace.filters.OFFER_STATES",
        "OfferFileKind": "marketplace.models.OfferFile.Kind",
        "Term": "marketplace.models.Term",
        "BillingFrequency": "marketplace.models.BillingFrequency",
        "SaleRule": "marketplace.queries.eligibility.SALE_RULES",
    },
    "TAGS": [
        {"name": "Organizations", "description": "Who the caller acts for."},
        {"name": "Customers", "description": "Connected customers, what they may use and what they ordered."},
        {"name": "Connections", "description": "Who is linked to whom."},
        {"name": "Trials", "description": "Services that customers try: requested, decided, ended."},
        {"name": "Offers", "description": "What a publisher sells, with drafts, audiences and prices."},
        {"name": "Catalogue", "description": "What publishers offer, and what a partner may sell to whom."},
        {"name": "Exports", "description": "Lists as CSV files, with the filters of their pages."},
        {"name": "Imports", "description": "CSV files that are checked first, and applied when that is confirmed."},
        {"name": "Ingest", "description": "How the vendor's systems send facts, with a token of their own."},
        {"name": "Notices", "description": "What the acting organisation is told."},
    ],
}

# --- Logs ---------------------------------------------------------------------------------------------------
LOG_FORMAT = env.read_choice("LOG_FORMAT", ("json", "line"), default="line")
LOG_LEVEL = env.read_choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO")
LOGGING = logs.build_logging_configuration(LOG_FORMAT, LOG_LEVEL)

# --- Metrics ------------------------------------------------------------------------------------------------
METRICS_TOKEN = env.read_secret("METRICS_TOKEN", default="")  # without it there is no /metrics, and nothing is counted
# The web processes of a machine share this folder, so that any of them answers for all. Its content may be lost.
METRICS_DIR = Path(env("METRICS_DIR", default=f"{tempfile.gettempdir()}/portal-metrics-{PORTAL_HOST}-{os.geteuid()}"))

# --- Errors -------------------------------------------------------------------------------------------------
SENTRY_DSN = env.read_secret("SENTRY_DSN", default="")  # without it, errors stand in the log only
