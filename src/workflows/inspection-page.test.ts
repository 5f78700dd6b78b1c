import { expect, it } from "vitest";
import { noFacts } from "../data/doctor/facts.js";
import { inspectionPage } from "./inspection-page.js";
import { escaped } from "./report/html-page.js";

const hostile = `<script>alert("1")</script>'&\u202e\n`;
const facts = noFacts({ place: "file", message: hostile }, { prepare: (options) => options });
const page = inspectionPage(hostile, facts, { file: { [hostile]: hostile } }, [
  { id: "file.unreadable", severity: "error", sentence: hostile, repair: hostile },
]);

it("escapes every word that comes from outside", () => {
  expect(escaped(hostile)).toBe("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;\ufffd\ufffd");
  expect(page).not.toMatch(/<script|\u202e|alert\("/);
  expect(page.match(/&lt;script&gt;/g)?.length).toBe(6); // title, heading, sentence, command, name, value
});

it("fetches nothing and runs nothing", () => {
  expect(page).toContain("default-src 'none'; img-src data:; style-src 'unsafe-inline'");
  expect(page).not.toMatch(/https?:|<link|<iframe| src="(?!data:)|url\(/);
});
