from django.urls import path

from support.request_actions import REQUEST_ACTIONS
from support.views.asking import own_request_list, request_details, request_new
from support.views.requests import (
    request_action,
    request_approve,
    request_assign,
    request_file,
    request_message,
    request_page,
    request_queue,
)

REQUEST = "requests/<uuid:request_id>/"

urlpatterns = [
    path("requests/", own_request_list, name="own_requests"),
    path("requests/queue/", request_queue, name="request_queue"),
    path("requests/new/<str:kind>/<uuid:subject_id>/", request_new, name="request_new"),
    path(REQUEST, request_page, name="request"),
    path(f"{REQUEST}details/", request_details, name="request_details"),
    path(f"{REQUEST}approve/", request_approve, name="request_approve"),
    path(f"{REQUEST}assign/", request_assign, name="request_assign"),
    path(f"{REQUEST}files/<uuid:file_id>/", request_file, name="request_file"),
    path(f"{REQUEST}messages/", request_message, name="request_message"),
    *(path(f"{REQUEST}{name}/", request_action, {"name": name}, name=f"request_{name}") for name in REQUEST_ACTIONS),
]
