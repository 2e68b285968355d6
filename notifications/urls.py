from django.urls import path

from notifications import views

urlpatterns = [
    path("me/notices/", views.preferences, name="notice_preferences"),
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/read/", views.read_all, name="inbox_read_all"),
    path("inbox/<uuid:notice_id>/", views.open_notice, name="notice_open"),
    path("inbox/<uuid:notice_id>/dismiss/", views.dismiss, name="notice_dismiss"),
    path("inbox/<uuid:notice_id>/restore/", views.restore, name="notice_restore"),
]
