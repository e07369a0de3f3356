from . import cards, health, ir_http, liability, results
