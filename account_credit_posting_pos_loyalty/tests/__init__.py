from . import test_pos_order, test_pos_session
