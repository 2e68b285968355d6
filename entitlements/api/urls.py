from django.urls import path

from entitlements.api import releases, trials, usage, views
from entitlements.ingest import api as ingest_api
from entitlements.trial_actions import TRIAL_ACTIONS

urlpatterns = [
    path("customers/", views.CustomersView.as_view(), name="customers"),
    path("customers/<uuid:customer_id>/", views.CustomerView.as_view(), name="customer"),
    path(
        "customers/<uuid:customer_id>/entitlements/",
        views.CustomerEntitlementsView.as_view(),
        name="customer_entitlements",
    ),
    path("customers/<uuid:customer_id>/usage/", usage.CustomerUsageView.as_view(), name="customer_usage"),
    path("usage/", usage.OwnUsageView.as_view(), name="usage"),
    path("customers/<uuid:customer_id>/orders/", views.CustomerOrdersView.as_view(), name="customer_orders"),
    path("renewals/", views.RenewalsView.as_view(), name="renewals"),
    path("trials/", trials.TrialsView.as_view(), name="trials"),
    path("trials/<uuid:trial_id>/", trials.TrialView.as_view(), name="trial"),
    *(
        path(f"trials/<uuid:trial_id>/{name}/", trials.ACTION_VIEWS[name].as_view(), name=f"trial_{name}")
        for name in TRIAL_ACTIONS
    ),
    path("releases/", releases.LicenceReleasesView.as_view(), name="releases"),
    path("releases/done/", releases.ReleasedLicencesView.as_view(), name="releases_done"),
    path("releases/mark/", releases.MarkReleasedView.as_view(), name="release_mark"),
    path("releases/reopen/", releases.ReopenReleaseView.as_view(), name="release_reopen"),
    path("ingest/<str:kind>/", ingest_api.IngestUploadsView.as_view(), name="ingest"),
    path("ingest/uploads/<uuid:upload_id>/", ingest_api.IngestUploadView.as_view(), name="ingest_upload"),
]
