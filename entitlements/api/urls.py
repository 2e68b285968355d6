from django.urls import path

from entitlements.api import ingest, releases, trials, usage, views

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
    path("trials/<uuid:trial_id>/cancel/", trials.CancelView.as_view(), name="trial_cancel"),
    path("trials/<uuid:trial_id>/approve/", trials.ApproveView.as_view(), name="trial_approve"),
    path("trials/<uuid:trial_id>/decline/", trials.DeclineView.as_view(), name="trial_decline"),
    path("trials/<uuid:trial_id>/extend/", trials.ExtendView.as_view(), name="trial_extend"),
    path("trials/<uuid:trial_id>/convert/", trials.ConvertView.as_view(), name="trial_convert"),
    path("releases/", releases.ReleasesView.as_view(), name="releases"),
    path("releases/done/", releases.ReleasedView.as_view(), name="releases_done"),
    path("releases/mark/", releases.MarkView.as_view(), name="release_mark"),
    path("releases/reopen/", releases.ReopenView.as_view(), name="release_reopen"),
    path("ingest/<str:kind>/", ingest.IngestUploadsView.as_view(), name="ingest"),
    path("ingest/uploads/<uuid:upload_id>/", ingest.IngestUploadView.as_view(), name="ingest_upload"),
]
