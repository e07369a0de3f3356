"""Actions, as buttons return them, and reports as they are rendered."""


def open_list(name, model, domain, **vals):
    """Return the action that lists records; nothing is created from there.

    :param name: what the page is called
    :param model: of the records
    :param domain: which of them
    :param vals: further values of ``ir.actions.act_window``
    """
    return {
        "type": "ir.actions.act_window",
        "name": name,
        "res_model": model,
        "view_mode": "list,form",
        "domain": domain,
        "context": {"create": False},
        **vals,
    }


def open_record(name, record):
    """Return the action that opens a record.

    :param name: what the page is called
    """
    return {
        "type": "ir.actions.act_window",
        "name": name,
        "res_model": record._name,
        "res_id": record.id,
        "view_mode": "form",
        "views": [(False, "form")],
    }


def open_dialog(name, model, **defaults):
    """Return the action that opens a dialog.

    :param name: what the dialog is called
    :param model: of the dialog
    :param defaults: what it starts from
    """
    return {
        "type": "ir.actions.act_window",
        "name": name,
        "res_model": model,
        "view_mode": "form",
        "views": [(False, "form")],
        "target": "new",
        "context": {f"default_{name}": value for name, value in defaults.items()},
    }


def notify(message, message_type="success", **params):
    """Return the action that shows a notification.

    :param message_type: "success" or "info"
    :param params: of Odoo's client action, such as ``next``, the action after it
    """
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": {"message": message, "type": message_type, **params},
    }


def open_known(env, xmlid, **vals):
    """Return a stored action, with other values for some of its own.

    :param xmlid: of the ``ir.actions.act_window``
    """
    return {**env["ir.actions.act_window"]._for_xml_id(xmlid), **vals}


def render_report(reports, xmlid, ids):
    """Render a report, as PDF where the server can make one.

    :param reports: ``ir.actions.report``, with the rights and the context to render it
    :param xmlid: external id of the report
    :param ids: of the records
    :return: ``(content, "pdf")``, or ``"html"`` where there is no wkhtmltopdf
    """
    can_pdf = reports.get_wkhtmltopdf_state() in ("ok", "workers")
    render = reports._render_qweb_pdf if can_pdf else reports._render_qweb_html
    content, _kind = render(xmlid, ids)
    return content, "pdf" if can_pdf else "html"
