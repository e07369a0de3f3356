"""Let credits wait until all else that pays what was posted has paid it.

Money that was paid for a document comes first, and other addons reconcile it after
Odoo has posted: in their own ``_post``, or where they post and pay as one.
"""

from contextlib import contextmanager

from ...tools.posting import KEY, Waiting, get_posting, with_posting


@contextmanager
def hold(records):
    """Let what is posted within this block wait for its credits until the block ends.

    Of blocks within each other, the outermost counts. An error ends it, too: then
    nothing is applied.

    :param records: whatever the posting begins with
    :return: these, in the context to go on with
    """
    if get_posting(records.env).is_holding:
        yield records
        return
    waiting = Waiting()
    try:
        yield with_posting(records, waiting=waiting)
    finally:
        waiting.is_over = True
    _apply(waiting)


def leave(records, before):
    """Return what comes of a block in the context that it would have without it.

    :param records: whatever the posting returned
    :param before: what the block began with
    """
    context = dict(records.env.context)
    context.pop(KEY, None)
    if KEY in before.env.context:
        context[KEY] = before.env.context[KEY]
    return records.with_env(records.env(context=context))


def wait(moves):
    """Let posted documents wait for what credits do about them.

    :param moves: ``account.move`` records of any kind, in the context of a block
    """
    posting = get_posting(moves.env)
    # A new credit pays as the first one did, before any rule applies.
    if posting.is_carrying_over:
        return
    # The rule decides what is applied, whatever the rights of whoever posts.
    documents_sudo = moves.sudo().filtered(
        lambda move: move.is_sale_document(True) or move.credit_batch_id
    )
    credits_sudo = documents_sudo.filtered(
        lambda move: move.move_type in ("out_refund", "entry")
    )
    posting.waiting.credits.append(credits_sudo)
    # The credit of an invoice comes first, before what else is on the account.
    if not posting.is_charging:
        posting.waiting.invoices.append(documents_sudo - credits_sudo)


def _apply(waiting):
    """Let credits pay invoices where either has waited."""
    for origin, parts in (("credit", waiting.credits), ("invoice", waiting.invoices)):
        documents = parts[0].union(*parts) if parts else None
        # Some of them may have been undone since, where an error was caught.
        if documents and (posted := documents.exists().filtered(_is_posted)):
            posted = with_posting(posted, waiting=None)
            posted.env["account.credit.application"]._apply_on(posted, origin)


def _is_posted(move):
    return move.state == "posted"


def wait_for_all(cls):
    """Let credits wait until all addons have done their part of posting.

    The one block that is around every ``_post`` of theirs, wherever an addon stands
    among the others.

    :param cls: the class of ``account.move`` that the registry has made of all
    """

    def _post(self, soft=True):
        with hold(self) as held:
            posted = super(cls, held)._post(soft=soft)
        return leave(posted, self)

    cls._post = _post
