from . import (
    account_move,
    account_move_line,
    account_stored_value,
    account_stored_value_attempt,
    loyalty_card,
    loyalty_history,
    loyalty_program,
    loyalty_reward,
    loyalty_rule,
)
