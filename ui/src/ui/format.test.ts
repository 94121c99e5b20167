import { describe, expect, it } from "vitest";
import { ago, bytes, date, percent, setFormat, spoken } from "./format";
import { fromLocalInput, toLocalInput } from "./zoned";

describe("numbers and dates as people read them", () => {
  it("a share of nothing is no number", () => {
    expect(percent(0, 0)).toBe("–");
    expect(percent(210, 656)).toBe("32 %");
    expect(percent(1, 300)).toBe("0.3 %");
  });

  it("a subject is shown with the defaults of its tokens", () => {
    expect(spoken("{contactfield=firstname|Hello}, ask us {contactfield=city}")).toBe("Hello, ask us [city]");
  });

  it("sizes grow into bigger units", () => {
    expect(bytes(900)).toBe("900 B");
    expect(bytes(2048)).toBe("2.0 KB");
  });

  it("a calendar date stays the same day in every time zone", () => {
    setFormat("America/Los_Angeles", "en");
    expect(date("2017-12-21")).toContain("21");
    setFormat("Pacific/Auckland", "en");
    expect(date("2017-12-21")).toContain("21");
  });

  it("tells how long ago, and how soon", () => {
    setFormat("UTC", "en");
    const now = Date.parse("2024-03-13T10:00:00Z");
    expect(ago("2024-03-13T09:00:00Z", now)).toBe("1 hour ago");
    expect(ago("2024-03-15T10:00:00Z", now)).toBe("in 2 days");
    expect(ago("2024-03-13T09:59:40Z", now)).toBe("just now");
  });
});

describe("times typed in a zone", () => {
  it("come back as they were typed, on both sides of a clock change", () => {
    for (const local of ["2024-01-15T09:30", "2024-07-15T09:30", "2024-03-10T03:30", "2024-11-03T12:00"]) {
      expect(toLocalInput(fromLocalInput(local, "America/New_York"), "America/New_York")).toBe(local);
    }
    expect(fromLocalInput("2017-12-21T10:00", "America/New_York")).toBe("2017-12-21T15:00:00.000Z");
  });
});
