"""What uses of gift cards took off an invoice, as their journal items say."""


def find_uses(invoice):
    """Return the entries of what pays an invoice and is in force.

    :param invoice: an ``account.move`` whose applications whoever asks may read
    :return: ``account.move`` records: of uses, and documents of credits
    """
    applied = invoice.credit_application_ids.filtered(
        lambda application: application.state == "applied"
    )
    return applied.credit_move_id


def find_reducing_items(move):
    """Return the items of a use that lower the base and the taxes.

    :param move: the ``account.move`` of a use, or of what undoes it
    """
    if not move.line_ids.discount_value_id:
        return move.line_ids.browse()
    return move.line_ids.filtered(
        lambda item: (
            not item.discount_value_id
            and not item.stored_value_id
            and item.account_type != "asset_receivable"
        )
    )


def get_discount(moves):
    """Return what uses took off the base of an invoice, and what of it is tax.

    :param moves: ``account.move`` records of uses
    :return: ``(amount, tax)`` in the currency of the invoice
    """
    given = moves.line_ids.filtered("discount_value_id")
    taxes = 0
    for move in given.move_id:
        of_move = move.line_ids.filtered("discount_value_id").account_id
        items = find_reducing_items(move)
        items = items.filtered(lambda item: item.account_id not in of_move)  # noqa: B023
        taxes += sum(items.mapped("amount_currency"))
    return -sum(given.mapped("amount_currency")), taxes
