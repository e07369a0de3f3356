"""With other addons of Odoo installed, ours for them install themselves, and work."""

import pytest
from devenv.steps import (
    LOYALTY_ADDON,
    MIS_ADDON,
    PAYMENT_ADDON,
    POS_ADDON,
    POS_LOYALTY_ADDON,
    SALE_ADDON,
    SALE_LOYALTY_ADDON,
    SHOP_ADDON,
    UBL_ADDON,
)

from tests.servers import assert_tests_pass, throwaway_database, with_addons

#: What of Odoo, or of the OCA, is beside ours: ``{ours: others}``, those of one string
#: at once, those of the next ones into a database that has the first ones.
GLUE = {
    POS_ADDON: ["point_of_sale"],
    SALE_ADDON: ["sale"],
    SHOP_ADDON: ["payment_demo", "website_sale"],
    PAYMENT_ADDON: ["payment_demo"],
    LOYALTY_ADDON: ["loyalty"],
    SALE_LOYALTY_ADDON: ["sale", "sale_loyalty"],
    POS_LOYALTY_ADDON: ["point_of_sale", "pos_loyalty"],
    MIS_ADDON: ["mis_builder"],
    UBL_ADDON: [
        "account_edi_ubl_cii",
        "l10n_it_edi,l10n_ro_edi,l10n_dk_oioubl,l10n_dk_nemhandel,l10n_my_edi",
    ],
}


@pytest.mark.parametrize("addon", GLUE)
def test_tests_of_the_addon(addon):
    # Nothing else by name: our addon comes by itself.
    with throwaway_database(with_addons(*GLUE[addon])) as name:
        assert_tests_pass(name, addon, "--odoo-http")
