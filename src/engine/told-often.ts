/** How often a document is told of: whoever repeats a delivery for ever costs one look in two minutes. */
import { type Clock, elapsedMs } from '../platform/clock.ts';

/** So many deliveries about one document within the window are looked for without delay, */
const AT_ONCE = 40;
const WINDOW_MS = 3_600_000;
/** and those after them together, so much later. */
const PUT_OFF_MS = 120_000;
/** Forgotten all at once when there are more: then each may be told of at once again. */
const MOST_DOCUMENTS = 100_000;

/** Counts by this process, in memory. The result tells before when nobody looks because of this delivery. */
export function createToldOften(clock: Clock): (document: string) => Date | undefined {
  const told = new Map<string, number>();
  let until = 0;
  return (document) => {
    const now = elapsedMs(clock);
    if (now >= until || told.size > MOST_DOCUMENTS) {
      told.clear();
      until = now + WINDOW_MS;
    }
    const times = (told.get(document) ?? 0) + 1;
    told.set(document, times);
    return times > AT_ONCE ? new Date(clock.now() + PUT_OFF_MS) : undefined;
  };
}
