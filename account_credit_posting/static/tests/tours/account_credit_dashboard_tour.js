import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("account_credit_dashboard", {
    steps: () => [
        {
            content: "See the plot",
            trigger: ".o_graph_renderer canvas",
        },
        {
            content: "Open the pivot",
            trigger: "button.o_switch_view.o_pivot",
            run: "click",
        },
        {
            content: "See what is held of the item",
            trigger: ".o_pivot tr:contains(Goodwill) td:contains(6.00)",
        },
        {
            content: "Back to the plot",
            trigger: "button.o_switch_view.o_graph",
            run: "click",
        },
        {
            content: "See it again",
            trigger: ".o_graph_renderer canvas",
        },
    ],
});
