from . import test_account_move, test_pos_order, test_pos_session, test_tours
