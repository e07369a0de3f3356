"""With other addons of Odoo installed, ours for them install themselves, and work."""

import pytest
from devenv import odoo_process as odoo
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

from tests.servers import assert_tests_pass, throwaway_database


@pytest.mark.parametrize(
    ("module", "addon"),
    [
        ("point_of_sale", POS_ADDON),
        ("sale", SALE_ADDON),
        ("website_sale,payment_demo", SHOP_ADDON),
        ("payment_demo", PAYMENT_ADDON),
        ("loyalty", LOYALTY_ADDON),
        ("sale_loyalty", SALE_LOYALTY_ADDON),
        ("pos_loyalty", POS_LOYALTY_ADDON),
        ("mis_builder", MIS_ADDON),
        (
            "account_edi_ubl_cii,l10n_it_edi,l10n_ro_edi,l10n_dk_oioubl,"
            "l10n_dk_nemhandel,l10n_my_edi",
            UBL_ADDON,
        ),
    ],
)
def test_tests_of_the_addon(module, addon):
    with throwaway_database() as name:
        # Nothing else by name: our addon comes by itself.
        odoo.install(name, module, demo=False)
        assert_tests_pass(name, addon, "--odoo-http")
