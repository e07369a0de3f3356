from . import base_reduction
