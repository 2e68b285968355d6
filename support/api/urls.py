from django.urls import path

from support.api import files, views

REQUEST = "requests/<uuid:request_id>/"

urlpatterns = [
    path("requests/", views.RequestsView.as_view(), name="requests"),
    path(REQUEST, views.RequestView.as_view(), name="request"),
    path(f"{REQUEST}messages/", views.RequestMessagesView.as_view(), name="request_messages"),
    path(f"{REQUEST}files/", files.RequestFilesView.as_view(), name="request_files"),
    path(f"{REQUEST}files/<uuid:file_id>/", files.RequestFileView.as_view(), name="request_file"),
    path(f"{REQUEST}findings/", views.RequestFindingsView.as_view(), name="request_findings"),
    path(f"{REQUEST}discard/", views.DiscardRequestView.as_view(), name="request_discard"),
    path(f"{REQUEST}submit/", views.SubmitRequestView.as_view(), name="request_submit"),
    path(f"{REQUEST}withdraw/", views.WithdrawRequestView.as_view(), name="request_withdraw"),
    path(f"{REQUEST}answer/", views.AnswerRequestView.as_view(), name="request_answer"),
    path(f"{REQUEST}ask/", views.AskRequestView.as_view(), name="request_ask"),
    path(f"{REQUEST}approve/", views.ApproveRequestView.as_view(), name="request_approve"),
    path(f"{REQUEST}decline/", views.DeclineRequestView.as_view(), name="request_decline"),
]
