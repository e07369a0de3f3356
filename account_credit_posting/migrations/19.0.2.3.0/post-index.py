def migrate(cr, version):
    """Drop the index that those in the order of the history stand in for."""
    cr.execute("DROP INDEX IF EXISTS account_move_line__stored_value_id_index")
