from . import account_stored_value
from . import account_stored_value_attempt
from . import account_stored_value_movement
