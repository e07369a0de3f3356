from . import test_liability_template
