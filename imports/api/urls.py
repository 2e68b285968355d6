from django.urls import path

from imports.api import views

urlpatterns = [
    path("imports/", views.ImportListView.as_view(), name="imports"),
    path("imports/<uuid:import_id>/", views.ImportDetailView.as_view(), name="import"),
    path("imports/<uuid:import_id>/apply/", views.ImportApplyView.as_view(), name="import_apply"),
    path("imports/<uuid:import_id>/cancel/", views.ImportCancelView.as_view(), name="import_cancel"),
    path("imports/<uuid:import_id>/results/", views.ImportResultsView.as_view(), name="import_results"),
]
