import { describe, expect, it } from "vitest";
import { inTurn } from "./inturn";

/** A save that ends when it is told to, and remembers the version that it was sent with. */
function shelf() {
  const sent: number[] = [];
  const ends: (() => void)[] = [];
  let version = 1;
  const save = () => {
    sent.push(version);
    return new Promise<number>((done) => {
      ends.push(() => {
        version += 1;
        done(version);
      });
    });
  };
  return { sent, end: () => ends.shift()?.(), save };
}

describe("saving in turn", () => {
  it("a save that comes while one runs is sent with the version that the first one gave", async () => {
    const { sent, end, save } = shelf();
    const turn = inTurn<number>();
    const first = turn(save);
    const second = turn(save);
    expect(sent).toEqual([1]);
    end();
    expect(await first).toBe(2);
    await Promise.resolve();
    end();
    expect(await second).toBe(3);
    expect(sent).toEqual([1, 2]);
  });

  it("all who wait share one save", async () => {
    const { sent, end, save } = shelf();
    const turn = inTurn<number>();
    const first = turn(save);
    const others = [turn(save), turn(save), turn(save)];
    end();
    await first;
    await Promise.resolve();
    end();
    expect(await Promise.all(others)).toEqual([3, 3, 3]);
    expect(sent).toEqual([1, 2]);
  });

  it("one that fails does not hold up the next", async () => {
    const turn = inTurn<number>();
    const first = turn(() => Promise.reject(new Error("no")));
    const second = turn(async () => 7);
    await expect(first).rejects.toThrow("no");
    expect(await second).toBe(7);
    expect(await turn(async () => 8)).toBe(8);
  });
});
