/** What a hand does from here on: presses of the mouse, or of a finger, and of keys. */
export class Hand {
    watch() {
        this.clicks = 0;
        this.keys = 0;
        document.addEventListener("pointerdown", () => this.clicks++, true);
        document.addEventListener("keydown", () => this.keys++, true);
    }

    /** @returns {Object} a step that begins to count */
    start(trigger) {
        return { content: "Count from here", trigger, run: () => this.watch() };
    }

    /** @returns {Object} a step that fails where more was needed */
    end(trigger, { clicks, keys }) {
        return {
            content: "See how little was needed",
            trigger,
            run: () => {
                if (this.clicks > clicks || this.keys > keys) {
                    throw new Error(`${this.clicks} clicks, ${this.keys} keys`);
                }
            },
        };
    }
}

/** Type into what has the focus, key by key. */
export function type(content, trigger, ...keys) {
    return {
        content,
        trigger: `${trigger}:focus`,
        async run({ press }) {
            for (const key of keys) {
                await press(key);
            }
        },
    };
}
