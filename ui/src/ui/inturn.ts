/**
 * Makes an action that never runs beside itself: a call that comes while one runs waits for it and
 * then runs once more, for all who waited. So the writer of a document always holds the version
 * that the write before it was answered with, and cannot be in conflict with itself.
 */
export function inTurn<R>(): (act: () => Promise<R>) => Promise<R> {
  let running: Promise<unknown> | null = null;
  let waiting: Promise<R> | null = null;
  return (act) => {
    const start = () => {
      const one = act();
      running = one;
      const over = () => {
        if (running === one) running = null;
      };
      one.then(over, over);
      return one;
    };
    if (!running) return start();
    if (!waiting) {
      const next = () => {
        waiting = null;
        return start();
      };
      waiting = running.then(next, next);
    }
    return waiting;
  };
}
