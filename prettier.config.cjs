/** @type {import("prettier").Config} */
const config = {
    // pre-commit installs the plugin beside prettier itself and names the place.
    plugins: [require.resolve("@prettier/plugin-xml")],
    printWidth: 88,
    tabWidth: 4,
    bracketSpacing: true,
    trailingComma: "es5",
    proseWrap: "always",
    xmlWhitespaceSensitivity: "preserve",
    xmlSelfClosingSpace: true,
};

module.exports = config;
