from odoo import api, models

#: The activity of administrators while somebody asks for a credit item.
ACTIVITY = "account_credit_posting.mail_activity_credit_item"

#: What is only right together.
CHECKED_TOGETHER = ("credit_vat_treatment", "taxes_id")


class ProductProduct(models.Model):
    """Credit items that are created as products, not as templates."""

    _inherit = "product.product"

    @api.onchange("credit_vat_treatment")
    def _onchange_credit_vat_treatment(self):
        if self.credit_vat_treatment == "compensation":
            self.taxes_id = False

    @api.model_create_multi
    def create(self, vals_list):
        """Complete credit items before the defaults of sold products come in."""
        templates = self.env["product.template"]
        return super().create(templates._complete_credit_item_vals(vals_list))

    def write(self, vals):
        """Tell whoever asked for a credit item that it can be chosen now."""
        together = {name: vals[name] for name in CHECKED_TOGETHER if name in vals}
        if len(together) > 1:
            # Odoo writes one field of the template after the other.
            self.product_tmpl_id.write(together)
            vals = {name: vals[name] for name in vals if name not in together}
        asked = self.filtered("is_credit_item") if vals.get("active") else self.browse()
        result = super().write(vals)
        asked._answer_item_request()
        return result

    def _answer_item_request(self):
        """End the activities of ``account.credit.item.request``, and tell who asked."""
        for item_sudo in self.sudo():  # Activities of other users.
            activities_sudo = item_sudo.activity_ids.filtered(
                lambda activity: activity.activity_type_id == self.env.ref(ACTIVITY)
            )
            if not activities_sudo:
                continue
            askers_sudo = activities_sudo.create_uid - self.env.user
            item_sudo.activity_unlink([ACTIVITY])
            item_sudo.message_post(
                body=self.env._(
                    "%(item)s can now be used as a credit item.", item=item_sudo.name
                ),
                partner_ids=askers_sudo.partner_id.ids,
                subtype_xmlid="mail.mt_note",
            )
