from . import portal_invoice, top_up
