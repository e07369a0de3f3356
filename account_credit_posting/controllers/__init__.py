from . import cards, ir_http, results
