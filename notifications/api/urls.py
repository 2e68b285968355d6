from django.urls import path

from notifications.api import views

urlpatterns = [
    path("notices/", views.NoticeListView.as_view(), name="notices"),
    path("notices/read-all/", views.MarkAllNoticesReadView.as_view(), name="notices_read_all"),
    path("notices/<uuid:notice_id>/", views.NoticeDetailView.as_view(), name="notice"),
    path("notices/<uuid:notice_id>/read/", views.MarkNoticeReadView.as_view(), name="notice_read"),
    path("notices/<uuid:notice_id>/dismiss/", views.DismissNoticeView.as_view(), name="notice_dismiss"),
    path("notices/<uuid:notice_id>/restore/", views.RestoreNoticeView.as_view(), name="notice_restore"),
]
