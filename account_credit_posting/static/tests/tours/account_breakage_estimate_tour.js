import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("account_breakage_estimate", {
    steps: () => [
        {
            content: "Say which were issued together",
            trigger: "div[name=issue_date] input, div[name=issue_date] button",
            run: "click",
        },
        {
            content: "Any day of 2024",
            trigger: "div[name=issue_date] input",
            run: "edit 03/15/2024",
        },
        {
            content: "Estimate",
            trigger: "div[name=unused_share] input",
            run: "edit 10 && press Tab",
        },
        {
            content: "See the computation",
            trigger: "div[name=sold]:contains(1,000.00)",
        },
        {
            content: "See the entry",
            trigger: "div[name=amount]:contains(60.00)",
        },
        {
            content: "Look at the evidence",
            trigger: "button[name=action_curves]",
            run: "click",
        },
        {
            content: "See the plot",
            trigger: ".o_graph_renderer canvas",
        },
        {
            content: "Back",
            trigger: ".o_back_button",
            run: "click",
        },
        {
            content: "Post",
            trigger: "button[name=action_post]",
            run: "click",
        },
        {
            content: "See that it is posted",
            trigger: "button[name=action_view_move]",
        },
    ],
});
