from django.urls import path

from notifications import views

urlpatterns = [
    path("me/notices/", views.notice_preferences_edit, name="notice_preferences"),
    path("inbox/", views.inbox_page, name="inbox"),
    path("inbox/read/", views.inbox_mark_all_read, name="inbox_read_all"),
    path("inbox/<uuid:notice_id>/", views.notice_open, name="notice_open"),
    path("inbox/<uuid:notice_id>/dismiss/", views.notice_dismiss, name="notice_dismiss"),
    path("inbox/<uuid:notice_id>/restore/", views.notice_restore, name="notice_restore"),
]
