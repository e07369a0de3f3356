from . import cards, health, ir_http, liability, portal, portal_invoice, results
