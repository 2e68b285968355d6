from django.urls import path

from exports import views

urlpatterns = [
    path("exports/", views.exports_page, name="exports"),
    path("exports/new/", views.export_create, name="export_new"),
    path("exports/news/", views.poll_finished_exports, name="exports_finished"),
    path("exports/<uuid:export_id>/again/", views.export_again, name="export_again"),
    path("exports/<uuid:export_id>/file/", views.export_file_download, name="export_file"),
]
