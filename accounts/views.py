from django.http import HttpResponse


def organization_new(request, **kwargs):
    return HttpResponse("organization_new")


def organization_switch(request, **kwargs):
    return HttpResponse("organization_switch")


def operators(request, **kwargs):
    return HttpResponse("operators")


def operator_roles(request, **kwargs):
    return HttpResponse("operator_roles")


def operator_remove(request, **kwargs):
    return HttpResponse("operator_remove")


def preferences(request, **kwargs):
    return HttpResponse("preferences")
