from . import tax_items
from . import base_reduction
from . import breakage_tax
