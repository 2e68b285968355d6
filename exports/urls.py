from django.urls import path

from exports import views

urlpatterns = [
    path("exports/", views.exports, name="exports"),
    path("exports/new/", views.export_new, name="export_new"),
    path("exports/news/", views.exports_finished, name="exports_finished"),
    path("exports/<uuid:export_id>/file/", views.export_file, name="export_file"),
]
