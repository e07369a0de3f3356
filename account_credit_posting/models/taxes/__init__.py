from . import tax_items
from . import base_reduction
from . import breakage_tax
from . import account_below_face
