from . import cards, health, ir_http, results
