import { registry } from "@web/core/registry";

const CONTINUE = {
    content: "Continue",
    trigger: ".modal button[name=action_continue]",
    run: "click",
};

/** Paste a text, as a browser does. */
function paste(text) {
    return {
        content: "Paste",
        trigger: ".modal [name=text] textarea",
        run() {
            this.anchor.value = text;
            this.anchor.dispatchEvent(
                new InputEvent("input", { inputType: "insertFromPaste", bubbles: true })
            );
        },
    };
}

registry.category("web_tour.tours").add("post_transaction_roster", {
    steps: () => [
        {
            content: "Paste a roster",
            trigger: "button[name=action_open_roster]",
            run: "click",
        },
        {
            content: "Paste without a click",
            trigger: ".modal [name=text] textarea:focus",
        },
        paste("  "),
        CONTINUE,
        {
            content: "Be told what is missing",
            trigger:
                ".modal:contains(Paste the names or emails first) .btn-primary:contains(Close)",
            run: "click",
        },
        paste("Doe, Jane\t12.50\nAnna Small\t20\nFammily 2\t7\nNobody\t5\nR-3\t8"),
        {
            content: "See the columns",
            trigger: ".modal .o_import_columns:contains(12.50)",
        },
        {
            content: "See what can be added",
            trigger: ".modal .o_import_ready:contains(2 accounts can be added)",
        },
        {
            content: "See what is doubtful",
            trigger: ".modal .o_import_doubtful:contains(2 of the rows are doubtful)",
        },
        {
            content: "Click whom of two of one name the row means",
            trigger:
                ".modal .o_import_doubts tr:contains(Anna Small):contains(20) button:contains(Family 1)",
            run: "click",
        },
        {
            content: "Click whom the misspelt row means",
            trigger:
                ".modal .o_import_doubts tr:contains(Fammily 2) button:contains(Family 2)",
            run: "click",
        },
        {
            content: "See that nothing is doubtful any more",
            trigger:
                ".modal:not(:has(.o_import_doubtful)) .o_import_ready:contains(4 accounts can be added)",
        },
        {
            content: "See who is not found",
            trigger: ".modal .o_import_problems tbody tr:contains(4):contains(Nobody)",
        },
        CONTINUE,
        {
            content: "See the amounts",
            trigger:
                "div[name=step_amounts] .o_data_row:contains(Doe Family):contains(12.50)",
        },
        {
            content: "See whom the reference means",
            trigger:
                "div[name=step_amounts] .o_data_row:contains(Family 3):contains(8.00)",
        },
        {
            content: "See who was not added",
            trigger: "[name=notice]:contains(Nobody)",
        },
    ],
});
