import { registry } from "@web/core/registry";

const OPEN = {
    content: "Paste a roster",
    trigger: "button[name=action_open_roster]",
    run: "click",
};
const CHECK = {
    content: "Check",
    trigger: ".modal button[name=action_check]",
    run: "click",
};

registry.category("web_tour.tours").add("post_transaction_roster", {
    steps: () => [
        OPEN,
        {
            content: "Paste nothing but blanks",
            trigger: ".modal [name=text] textarea",
            run: "edit  ",
        },
        CHECK,
        {
            content: "Be told what is missing",
            trigger:
                ".o_notification:contains(Paste the names), .modal:contains(Paste the names or e-mails first)",
        },
        {
            content: "Close what was told",
            trigger:
                ".modal:contains(Paste the names or e-mails first) .btn-primary:contains(Close)",
            run: "click",
        },
        {
            content: "Paste the roster",
            trigger: ".modal [name=text] textarea",
            run: (helpers) => helpers.edit("Doe, Jane\nAnna Small\nNobody"),
        },
        CHECK,
        {
            content: "See what was found",
            trigger:
                ".modal [name=summary]:contains(1 matched, 1 doubtful, 1 not found)",
        },
        {
            content: "Look at the doubtful line",
            trigger: ".modal .o_data_row:contains(Doubtful) td[name=contact_id]",
            run: "click",
        },
        {
            content: "See who fits",
            trigger: ".modal .o_data_row td[name=contact_id] input",
            run: "click",
        },
        {
            content: "Choose",
            trigger: ".o-autocomplete--dropdown-item:contains(Family 1) a",
            run: "click",
        },
        {
            content: "Add",
            trigger: ".modal button[name=action_add]",
            run: "click",
        },
        {
            content: "See who was added",
            trigger: "div[name=step_accounts] .o_data_row:contains(Doe Family)",
        },
        {
            content: "See who was not",
            trigger: "[name=notice]:contains(Nobody)",
        },
    ],
});
