/** A limit that nobody announces is guessed from our own calls, and only where it was they that used it up. */
import { expect, test } from 'vitest';
import { type CallBudget, learnLimits, newCallBudget, takeCalls } from './call-budget.ts';

const NOW = Date.UTC(2026, 2, 1);

function called(times: number): CallBudget {
  let budget = newCallBudget();
  for (let call = 0; call < times; call += 1) {
    const asks = [{ user: 'a', live: true, kind: 'default', startAt: NOW }];
    ({ budget } = takeCalls(budget, { process: 'p', released: { default: 1 }, asks }, NOW));
  }
  return budget;
}
const refused = (budget: CallBudget) =>
  learnLimits(budget, { rateRefused: true, blockedUntil: NOW + 1_000 }, NOW + 10);

test('the first call that is refused slows nobody down beyond the wait that the answer names', () => {
  const budget = refused(called(1));
  expect(budget.windows).toEqual({});
  expect(budget.blockedUntil).toBe(NOW + 1_000);
});

test('after many calls their number is the guess', () => {
  expect(refused(called(60)).windows[60_000]).toMatchObject({ limit: 60 * 0.97 });
});
