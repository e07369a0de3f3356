from . import account_credit_proof_check
from . import account_credit_proof
