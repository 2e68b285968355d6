from entitlements.models.entitlement import Entitlement, Sku
from entitlements.models.listing import NO_EXPIRY, CustomerListing, PortfolioFigure
from entitlements.models.order import Order, OrderLine

__all__ = ["NO_EXPIRY", "CustomerListing", "Entitlement", "Order", "OrderLine", "PortfolioFigure", "Sku"]
