from . import card_code
