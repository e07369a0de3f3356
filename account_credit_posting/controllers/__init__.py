from . import cards, results
