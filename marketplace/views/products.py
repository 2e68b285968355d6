"""A publisher's pages of its products: the list, and how one grows."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from marketplace.lists.products import ProductList, ProductPage
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.products import get_own_product
from partnerportal.lib.lists import build_query_string
from partnerportal.lib.pages import render_list_page, require_permission
from partnerportal.lib.requests import PortalRequest

may_view = require_permission(ROLE_TABLE, OfferPermission.VIEW_PRODUCTS)


@require_safe
@may_view
def product_list(request: PortalRequest) -> HttpResponse:
    """Show the publisher its products with the numbers of a month, against the year before."""
    return render_list_page(
        request,
        ProductList(request.actor, request.GET),
        page_template="marketplace/products.html",
        list_template="marketplace/products.html#list",
        context={},
    )


@require_safe
@may_view
def product_page(request: PortalRequest, product_id: UUID) -> HttpResponse:
    """Show how a product grows: its numbers in a month, a measure over thirteen months, and by country."""
    product = get_own_product(request.actor, product_id)
    page = ProductPage(request.actor, product, request.GET)
    export_query = build_query_string({"product": product.public_id})
    context = {"product": product, "page": page, "export_query": export_query}
    return render(request, "marketplace/product.html", context)
