/** An untrusted proxy in front is noticed, and nothing else is taken for one. */
import { expect, test } from 'vitest';
import { type Asked, createProxyWatch } from './proxy-watch.ts';

const MINUTE_MS = 60_000;
const proxied: Asked = { peer: '10.0.0.5', ip: '10.0.0.5', forwarded: true };

function watched() {
  const told: (string | undefined)[] = [];
  const clock = { time: 0, now: () => clock.time };
  const watch = createProxyWatch(clock, (address) => told.push(address));
  const note = (request: Asked, times = 1) => {
    for (let i = 0; i < times; i += 1) watch.note(request);
  };
  return { told, clock, note };
}

test('twenty requests through one untrusted proxy are told, once in ten minutes', () => {
  const { told, clock, note } = watched();
  note(proxied, 19);
  expect(told).toEqual([]);
  note(proxied, 1000);
  expect(told).toEqual(['10.0.0.5']);
  clock.time += 10 * MINUTE_MS;
  note(proxied, 1000);
  expect(told).toEqual(['10.0.0.5', '10.0.0.5']);
});

test.each<[string, Asked]>([
  ['comes directly', { peer: '10.0.0.9', ip: '10.0.0.9', forwarded: false }],
  ['comes through a trusted proxy', { peer: '10.0.0.5', ip: '203.0.113.7', forwarded: true }],
  ['comes through another proxy', { peer: '10.0.0.6', ip: '10.0.0.6', forwarded: true }],
])('one request among them that %s is enough to tell nothing', (_, other) => {
  const { told, note } = watched();
  note(proxied, 10);
  note(other);
  note(proxied, 1000);
  expect(told).toEqual([undefined]);
});

test('what was told is taken back by the first request that is otherwise', () => {
  const { told, note } = watched();
  note(proxied, 20);
  note({ ...proxied, ip: '203.0.113.7' }, 50);
  expect(told).toEqual(['10.0.0.5', undefined]);
});
