// How --help is laid out: options as the original spells them, short ones beside their text, long ones above it.
import type { Help, HelpConfiguration } from "commander";
import { underscored } from "./config-options.js";

/** Widest option that has its text beside it. */
const TERM_WIDTH = 30;
const INDENT = "  ";

export const helpLayout: HelpConfiguration = {
  optionTerm: ({ flags }) => flags.replace(/--[A-Za-z0-9-]+/, underscored),
  padWidth(this: Help, command, helper) {
    return Math.min(
      TERM_WIDTH,
      Math.max(
        helper.longestOptionTermLength(command, helper),
        helper.longestSubcommandTermLength(command, helper),
      ),
    );
  },
  formatItem(this: Help, term, termWidth, description, helper) {
    const left = INDENT.length + termWidth + 2;
    const width = (helper.helpWidth ?? 80) - left;
    const lines = helper.boxWrap(description, Math.max(width, 20)).split("\n");
    const [first, ...rest] = term.length > termWidth ? ["", ...lines] : lines;
    const head = `${INDENT}${term.padEnd(termWidth)}  ${first}`.trimEnd();
    return [head, ...rest.map((line) => " ".repeat(left) + line)].join("\n");
  },
  minWidthToWrap: 20,
};
