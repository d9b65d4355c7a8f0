/** Seeded bugs of delivering: intents, keys, outcomes, links, the audit, and what outlives a crash. */
import { type Bug, bug, kills, prove, UNKNOWN } from './bug.ts';

export const DELIVERING_BUGS: readonly Bug[] = [
  // delivering
  bug(
    'the call goes out before its intent',
    kills('create-payment'),
    [
      'src/engine/deliver.ts',
      "  const delivery = await fencedAt(work, 'intent', async (tx) => {",
      "  const early = newId(nowOf(work.parts).getTime());\n  const sent = await work.open.destination.send(step, request.value, { idempotencyKey: early, trackId: early });\n  const delivery = await fencedAt(work, 'intent', async (tx) => {",
    ],
    ['src/engine/deliver.ts', 'id: newId(now.getTime()),', 'id: early,'],
    [
      'src/engine/deliver.ts',
      'const firstAttemptExcluded = !FOUND_BY_MARK_ONLY.has(step.kind);',
      "if (sent) return succeed(work, document, delivery, sent, 'sent', onSuccess);\n  const firstAttemptExcluded = !FOUND_BY_MARK_ONLY.has(step.kind);",
    ],
  ),
  bug('the intent is not written into the audit', kills('create-invoice'), [
    'src/engine/deliver.ts',
    "await note(work, tx, document, 'intent', {",
    "if (document.id === '') await note(work, tx, document, 'intent', {",
  ]),
  bug('every repeat has a new key, also while the first call is under way', UNKNOWN, [
    'src/engine/delivery-key.ts',
    'if (isAnswered && isOver) await nextKeyGeneration(tx, delivery, now);',
    'if (isAnswered || isOver || !isOver) await nextKeyGeneration(tx, delivery, now);',
  ]),
  bug('every call has a key of its own', UNKNOWN, [
    'src/engine/deliver.ts',
    'idempotencyKey: idempotencyKeyOf(delivery),',
    'idempotencyKey: newId(nowOf(work.parts).getTime()),',
  ]),
  bug('the key does not carry its generation', prove(['rate-limits'], 1, 2, 7), [
    'src/store/deliveries.ts',
    'return `${delivery.keyBase}.${delivery.keyGeneration}`;',
    'return `${delivery.keyBase}.0`;',
  ]),
  bug('a late effect is not waited for', UNKNOWN, [
    'src/engine/delivery-key.ts',
    'const LATEST_EFFECT_MS = HOUR_MS;',
    'const LATEST_EFFECT_MS = 0;',
  ]),
  bug(
    'after a crash it is not looked for what the call has done',
    { by: 'kills', kind: 'create-payment', at: ['after call', 'before outcome'], forgetful: true },
    [
      'src/engine/deliver.ts',
      'firstAttemptExcluded ? undefined : await',
      'firstAttemptExcluded || !firstAttempt ? undefined : await',
    ],
  ),
  bug('a time-out of the gateway counts as no effect', UNKNOWN, [
    'src/connectors/zuora/errors.ts',
    "? new OperatingError('ambiguous', text, { field })",
    "? new OperatingError('transient', text, details)",
  ]),
  bug('a lost connection counts as no effect', UNKNOWN, [
    'src/platform/http.ts',
    "const kind = neverLeft || request.safe ? 'transient' : 'ambiguous';",
    "const kind = neverLeft || request.safe || !neverLeft ? 'transient' : 'ambiguous';",
  ]),
  bug('the outcome of a step is not stored', kills('create-invoice'), [
    'src/store/deliveries.ts',
    ".where('id', '=', id)\n    .where('state', '=', 'intended')\n    .execute();",
    ".where('id', '=', id)\n    .where('state', '=', 'failed')\n    .execute();",
  ]),
  bug('the outcome is not written into the audit', kills('create-invoice'), [
    'src/engine/deliver.ts',
    "await note(work, tx, document, 'outcome', {\n      summary:\n        how",
    "if (how === 'found') await note(work, tx, document, 'outcome', {\n      summary:\n        how",
  ]),
  bug(
    'the link is saved after the transaction of the outcome',
    kills('adjust-invoice', 'after outcome'),
    ['src/engine/deliver.ts', '    await onSuccess(tx, delivery, result);\n', ''],
    [
      'src/engine/deliver.ts',
      "  return { ok: true, delivery, result, found: how === 'found' };",
      "  await onSuccess(work.parts.db, delivery, result);\n  return { ok: true, delivery, result, found: how === 'found' };",
    ],
  ),
  bug('the link of what was made is not saved', kills('create-payment'), [
    'src/engine/link-delivered.ts',
    'if (made) return saveLink(tx, { ...made, connectionId, kind, sourceId, counterpart }, nowOf(parts));',
    'if (made) return;',
  ]),
  bug('a link is not marked as touched by its step', kills('unapply-payment', 'after outcome'), [
    'src/engine/deliver.ts',
    '    await touchLinks(tx, connectionId, touchedBy(step), now);\n',
    '',
  ]),
  // the audit
  bug('an entry of the chain does not depend on the one before', kills('create-invoice'), [
    'migrations/0001_foundation.sql',
    'next_hash := sha256(head.hash || convert_to(',
    "next_hash := sha256('\\x'::bytea || convert_to(",
  ]),
  bug(
    'entries are written outside of the transaction that they tell of',
    kills('create-invoice', 'before outcome'),
    ['src/engine/lane-work.ts', 'await appendTrail(\n    tx,', 'await appendTrail(\n    work.parts.db,'],
  ),
  bug('calls are not recorded', kills('create-invoice'), [
    'src/engine/audit.ts',
    'return await appendTrail(parts.db, entry, new Date(parts.clock.now()));',
    'return;',
  ]),
  // By name and by value: either keeps them out of the trail.
  bug(
    'tokens are recorded in clear',
    kills('create-invoice'),
    [
      'src/platform/redact.ts',
      'SECRET_HEADERS.has(name.toLowerCase()) ? REDACTED : redactHookPaths(value),',
      'SECRET_HEADERS.has(name) && name === REDACTED ? REDACTED : redactHookPaths(value),',
    ],
    [
      'src/platform/known-secrets.ts',
      'redact: (text) => redact(sieve, text),',
      "redact: (text) => (text === '' ? redact(sieve, text) : text),",
    ],
  ),
  // backups, durability
  bug('after a restore nothing is looked at anew', prove(['restore'], 14, 1, 2, 3), [
    'src/operations/after-restore.ts',
    'for (const { id } of documents) await healOnce(tx, id);\n    await acceptEvents(',
    'if (documents.length < 0) await acceptEvents(',
  ]),
  bug(
    'the database does not flush its log to the disk',
    {
      by: 'test',
      project: 'database',
      file: 'src/platform/postgres/launcher.db.test.ts',
      name: 'a first start makes a durable cluster',
    },
    ['src/platform/postgres/launcher.ts', "  fsync: 'on',\n", "  fsync: 'off',\n"],
  ),
];
