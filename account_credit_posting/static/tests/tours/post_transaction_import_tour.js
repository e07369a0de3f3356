import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("post_transaction_import", {
    steps: () => [
        {
            content: "Import accounts and amounts",
            trigger: "button[name=action_import]",
            run: "click",
        },
        {
            content: "A template is offered",
            trigger: ".modal button[name=action_template]",
        },
        {
            content: "Choose a file",
            trigger: ".modal [name=file]",
            run() {
                const text =
                    "Konto;Betrag\nFamily 0;1.234,50\nNobody;5,00\none@example.com;20\n";
                const input = this.anchor.querySelector("input[type=file]");
                const transfer = new DataTransfer();
                transfer.items.add(
                    new File([text], "klasse.csv", { type: "text/csv" })
                );
                input.files = transfer.files;
                input.dispatchEvent(new Event("change"));
            },
        },
        {
            content: "See how it is written",
            trigger: ".modal [name=decimal_separator] input:value(/^Comma/)",
        },
        {
            content: "See the columns",
            trigger: ".modal .o_import_columns:contains(1.234,50)",
        },
        {
            content: "See what can be added",
            trigger: ".modal .o_import_ready:contains(2 accounts can be added)",
        },
        {
            content: "See the bad row, and what to do",
            trigger:
                ".modal .o_import_problems tbody tr:contains(3):contains(Nobody):contains(create the contact)",
        },
        {
            content: "Continue",
            trigger: ".modal button[name=action_continue]",
            run: "click",
        },
        {
            content: "See the amounts",
            trigger:
                "div[name=step_amounts] .o_data_row:contains(Family 0):contains(1,234.50)",
        },
        {
            content: "See what was not added",
            trigger: "[name=notice]:contains(Rows not added: 3)",
        },
    ],
});
