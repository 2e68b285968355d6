from django.urls import path

from imports import views

urlpatterns = [
    path("imports/", views.imports_page, name="imports"),
    path("imports/bulk/<str:action_code>/", views.bulk_action_start, name="bulk_action"),
    path("imports/new/<str:kind_code>/", views.import_create, name="import_new"),
    path("imports/new/<str:kind_code>/template/", views.import_template, name="import_template"),
    path("imports/<uuid:import_id>/", views.import_page, name="import"),
    path("imports/<uuid:import_id>/apply/", views.import_apply, name="import_apply"),
    path("imports/<uuid:import_id>/cancel/", views.import_cancel, name="import_cancel"),
    path("imports/<uuid:import_id>/results/", views.import_results, name="import_results"),
]
