from django.http import HttpResponse


def overview(request, **kwargs):
    return HttpResponse("overview")


def customers(request, **kwargs):
    return HttpResponse("customers")


def customer(request, **kwargs):
    return HttpResponse("customer")


def customer_services(request, **kwargs):
    return HttpResponse("customer_services")


def customer_orders(request, **kwargs):
    return HttpResponse("customer_orders")


def customer_activity(request, **kwargs):
    return HttpResponse("customer_activity")


def services(request, **kwargs):
    return HttpResponse("services")


def orders(request, **kwargs):
    return HttpResponse("orders")
