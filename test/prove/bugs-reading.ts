/** Seeded bugs on the way in: the door, polling, reading, lanes, tokens and budgets. */
import { type Bug, bug, kills, prove } from './bug.ts';

const DAY_MS = 24 * 3_600_000;

export const READING_BUGS: readonly Bug[] = [
  // the door
  bug('200 is answered before the commit', kills('create-invoice', 'before event'), [
    'src/engine/receive.ts',
    'await accept(verdict.door, message, rawBody, headers);',
    'void accept(verdict.door, message, rawBody, headers).catch(() => {});',
  ]),
  bug('the signature is not checked', prove(['forged'], 1, 2), [
    'src/engine/judge-delivery.ts',
    "if (!isSigned()) return { ok: false, door, cause: 'bad-signature', signed: false };",
    '',
  ]),
  bug('the group commit swallows its error', { by: 'door' }, [
    'src/engine/intake.ts',
    'for (const { reject } of batch) reject(error);',
    'for (const { resolve } of batch) resolve();',
  ]),
  bug('the group commit stores the first of its events only', { by: 'door' }, [
    'src/engine/intake.ts',
    'const events = batch.map(({ event }) => event);',
    'const events = batch.slice(0, 1).map(({ event }) => event);',
  ]),
  // polling and reading
  bug(
    'the poll cursor is saved before the pages',
    {
      by: 'kills',
      kind: 'create-invoice',
      at: ['before page'],
      awayMs: 4 * DAY_MS,
      from: 'GET invoice list',
    },
    [
      'src/engine/poll.ts',
      '  let cursor: string | undefined;\n  do {',
      '  let cursor: string | undefined;\n  await saveCursor(parts.db, key, startedAt);\n  do {',
    ],
  ),
  bug('the lists of deleted documents are not polled', kills('delete-invoice', 'before cursor'), [
    'src/engine/poll.ts',
    'for (const deleted of [false, true]) {',
    'for (const deleted of [false]) {',
  ]),
  bug('a listed record counts as known before it is stored', kills('create-invoice', 'before page'), [
    'src/engine/poll.ts',
    'await acceptEvents(parts, tx, events);\n  await markSeen',
    'await markSeen',
  ]),
  bug('a look settles events that came during it', { by: 'midst', at: 'after intent' }, [
    'src/store/events.ts',
    "    .where((eb) => eb.or([eb('seq', '<=', answered.upTo), eb('seq', '=', answered.carrier ?? -1n)]))\n",
    '',
  ]),
  bug('an old revision is used though there is a newer event', kills('replace-lines'), [
    'src/engine/fetch.ts',
    'if (!carried && newest <= document.fetchedSeq) {',
    'if (!carried) {',
  ]),
  bug(
    'a changed record is not stored as a revision',
    kills('replace-lines', 'after revision', 'before note'),
    [
      'src/store/revisions.ts',
      'const changed = latest?.contentHash !== contentHash;',
      'const changed = latest === undefined;',
    ],
  ),
  // lanes
  bug('writes do not check the fence', prove(['two-workers'], 12, 1, 2, 3), [
    'src/store/lanes.ts',
    'if (!row) throw new LeaseLost(`lane ${lease.lane} was taken over or ran out`);',
    'void row;',
  ]),
  bug(
    'a lane is given to everybody who asks, without a fence',
    prove(['two-workers'], 1, 2, 3),
    [
      'src/store/lanes.ts',
      'where (lanes.holder is null or lanes.expires_at <= ${now})\n',
      'where ${now}::timestamptz is not null\n',
    ],
    [
      'src/store/lanes.ts',
      'if (!row) throw new LeaseLost(`lane ${lease.lane} was taken over or ran out`);',
      'void row;',
    ],
  ),
  bug('the lease of a dead process is never taken over', kills('create-payment', 'after intent'), [
    'src/store/lanes.ts',
    'where (lanes.holder is null or lanes.expires_at <= ${now})\n',
    'where (lanes.holder is null and ${now}::timestamptz is not null)\n',
  ]),
  // tokens, budgets
  bug('tokens are renewed without a lock', { by: 'renewal' }, [
    'src/store/credentials.ts',
    ".where('side', '=', key.side)\n    .forUpdate()\n",
    ".where('side', '=', key.side)\n",
  ]),
  bug('a renewed token is stored after its use', kills('create-invoice', 'after token'), [
    'src/store/credentials.ts',
    'if (!renewed) return before;\n      await saveUnderLock(tx, vault, key, renewed, now);',
    'if (!renewed) return before;\n      const late = renewed;\n        setTimeout(() => void saveSecrets(db, vault, key, late, now()).catch(() => {}), 400);',
  ]),
  bug(
    'a 429 is not heeded',
    {
      by: 'test',
      project: 'database',
      file: 'src/engine/governor.db.test.ts',
      name: 'nobody calls before the time that a refusal',
    },
    [
      'src/core/call-budget.ts',
      'if (hint.blockedUntil !== undefined) budget.blockedUntil = Math.max(budget.blockedUntil, hint.blockedUntil);',
      '',
    ],
  ),
];
