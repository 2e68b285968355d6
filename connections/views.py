from django.http import HttpResponse


def account_details(request, **kwargs):
    return HttpResponse("account_details")


def invite(request, **kwargs):
    return HttpResponse("invite")


def invitation(request, **kwargs):
    return HttpResponse("invitation")


def invitation_accept(request, **kwargs):
    return HttpResponse("invitation_accept")


def invitation_decline(request, **kwargs):
    return HttpResponse("invitation_decline")


def connection_end(request, **kwargs):
    return HttpResponse("connection_end")
