import { describe, expect, it } from "vitest";
import { boxed, join, linkedBlock, lookOf, quoted, readable, split, withLook } from "./source";

const MAIL = `<mjml lang="en">
  <mj-head>
    <mj-attributes>
      <mj-all font-family="Georgia, serif" />
    </mj-attributes>
  </mj-head>
  <mj-body background-color="#fff">
    <mj-section><mj-column>
      <mj-image src="a.png" alt="A > B" />
      <mj-table><tr><td>1</td></tr></mj-table>
      <mj-text>Hi {contactfield=firstname|friend}</mj-text>
    </mj-column></mj-section>
  </mj-body>
</mjml>
`;

describe("an MJML document for the canvas", () => {
  it("keeps everything around the body letter by letter", () => {
    const parts = split(MAIL)!;
    expect(parts.before + parts.body + parts.after).toBe(MAIL);
    expect(parts.head.startsWith("<mj-head>")).toBe(true);
    const back = join(parts, "<mjml><mj-body><mj-section></mj-section></mj-body></mjml>");
    expect(back.startsWith(parts.before) && back.endsWith(parts.after)).toBe(true);
  });

  it("gives void elements an end, with angle brackets in values or not", () => {
    expect(readable(split(MAIL)!.body)).toContain('<mj-image src="a.png" alt="A > B"></mj-image>');
  });

  it("boxes what it does not know, and the box holds it whole", () => {
    const text = readable(split(MAIL)!.body);
    const source = /<hg-kept data-name="mj-table" data-source="([^"]*)"><\/hg-kept>/.exec(text)?.[1];
    expect(decodeURIComponent(source!)).toBe("<mj-table><tr><td>1</td></tr></mj-table>");
  });

  it("is no document without a body", () => {
    expect(split("<p>Hi</p>")).toBeNull();
    expect(split("<mjml><mj-body /></mjml>")?.body).toBe("<mj-body ></mj-body>");
  });

  it("writes one element a line, children further in", () => {
    const parts = split("<mjml><mj-body></mj-body></mjml>")!;
    const written =
      "<mjml><mj-body><mj-section><mj-column><mj-text>Hi <b>you</b></mj-text></mj-column></mj-section></mj-body></mjml>";
    expect(join(parts, written)).toBe(
      "<mjml><mj-body>\n    <mj-section>\n      <mj-column>\n        <mj-text>Hi <b>you</b></mj-text>\n      </mj-column>\n    </mj-section>\n  </mj-body></mjml>",
    );
  });

  it("escapes what ends an attribute, and nothing twice", () => {
    expect(quoted('a?x=1&y=2&amp;z="3"')).toBe("a?x=1&amp;y=2&amp;z=&quot;3&quot;");
  });

  it("reads and changes the look that elements share", () => {
    expect(lookOf(split(MAIL)!.head, "mj-all", "font-family")).toBe("Georgia, serif");
    const blue = withLook(MAIL, "mj-button", "background-color", "#00f");
    expect(lookOf(split(blue)!.head, "mj-button", "background-color")).toBe("#00f");
    const changed = withLook(blue, "mj-button", "background-color", "#0f0");
    expect(lookOf(split(changed)!.head, "mj-button", "background-color")).toBe("#0f0");
    expect(changed.match(/<mj-button\b/g)).toHaveLength(1);
    const bare = withLook("<mjml><mj-body></mj-body></mjml>", "mj-all", "font-family", "Arial");
    expect(lookOf(split(bare)!.head, "mj-all", "font-family")).toBe("Arial");
  });
});

describe("a linked block", () => {
  const source = '<hg-block id="7" name="Foot &amp; hand"><mj-text>Our street</mj-text></hg-block>';

  it("is a box on the canvas and comes back letter by letter", () => {
    const box = boxed(source);
    expect(box).toMatch(/^<hg-kept data-name="hg-block" data-source="[^"]+"><\/hg-kept>$/);
    expect(decodeURIComponent(/data-source="([^"]+)"/.exec(box)![1]!)).toBe(source);
  });

  it("tells its name and what is in it", () => {
    expect(linkedBlock(source)).toEqual({ name: "Foot & hand", inner: "<mj-text>Our street</mj-text>" });
    expect(linkedBlock("<mj-table></mj-table>")).toBeNull();
  });
});
