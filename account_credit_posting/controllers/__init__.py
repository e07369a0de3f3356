from . import cards, health, ir_http, liability, portal, results
