from entitlements.views.customers import customer, customer_activity, customer_orders, customer_services, customers
from entitlements.views.exports import export_file, export_new, exports, exports_news
from entitlements.views.overview import overview
from entitlements.views.own import orders, services

__all__ = [
    "customer",
    "customer_activity",
    "customer_orders",
    "customer_services",
    "customers",
    "export_file",
    "export_new",
    "exports",
    "exports_news",
    "orders",
    "overview",
    "services",
]
