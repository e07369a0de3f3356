from . import test_balance, test_sale_order, test_tours
