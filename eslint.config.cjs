// Odoo 19 loads every file of static/ as a module.
const globals = require("globals");

const componentRule = (property) => ({
    selector: `ClassDeclaration[superClass.name='Component']:not(:has(PropertyDefinition[static=true][key.name='${property}']))`,
    message: `A component declares its static ${property}.`,
});

module.exports = [
    {
        files: ["**/static/**/*.js"],
        languageOptions: {
            ecmaVersion: 2022,
            sourceType: "module",
            globals: { ...globals.browser, luxon: "readonly", odoo: "readonly" },
        },
        rules: {
            complexity: ["error", 10],
            curly: "error",
            eqeqeq: "error",
            "max-depth": ["error", 3],
            "no-const-assign": "error",
            "no-debugger": "error",
            "no-dupe-keys": "error",
            "no-duplicate-imports": "error",
            "no-restricted-syntax": [
                "error",
                componentRule("props"),
                componentRule("template"),
            ],
            "no-undef": "error",
            "no-unused-vars": "error",
            "prefer-const": "error",
        },
    },
];
