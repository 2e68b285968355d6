from django.http import HttpResponse


def inbox(request, **kwargs):
    return HttpResponse("inbox")


def read_all(request, **kwargs):
    return HttpResponse("read_all")


def open_notice(request, **kwargs):
    return HttpResponse("open_notice")


def dismiss(request, **kwargs):
    return HttpResponse("dismiss")


def restore(request, **kwargs):
    return HttpResponse("restore")
