from django.urls import path

from exports.api import views

urlpatterns = [
    path("exports/", views.ExportListView.as_view(), name="exports"),
    path("exports/<uuid:export_id>/", views.ExportDetailView.as_view(), name="export"),
    path("exports/<uuid:export_id>/file/", views.ExportFileView.as_view(), name="export_file"),
]
