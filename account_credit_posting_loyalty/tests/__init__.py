from . import test_loyalty_card, test_loyalty_program
