# The order is that of the rooms: each knows only what stands above it in this list.
# Odoo's own models come last, because their hooks call the rooms.
from . import account_credit_guard
from . import credit
from . import application
from . import run
from . import voucher
from . import stored_value
from . import approval
from . import correction
from . import notice
from . import billing
from . import unclaimed
from . import breakage
from . import report
from . import proof
from . import account_account
from . import account_chart_template
from . import account_journal
from . import account_move
from . import account_move_line
from . import account_partial_reconcile
from . import account_payment
from . import product_product
from . import product_template
from . import res_company
from . import res_config_settings
from . import res_partner
