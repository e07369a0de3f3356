from . import base_partner_merge, loyalty_program_keep
