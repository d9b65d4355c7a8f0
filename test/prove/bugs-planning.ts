/** Seeded bugs of planning: payments, invoices, credits and accounts. */
import { type Bug, bug, kills, prove, UNKNOWN } from './bug.ts';

export const PLANNING_BUGS: readonly Bug[] = [
  // payments
  bug('a payment is made without looking for it first', UNKNOWN, [
    'src/engine/delivery-key.ts',
    "  'create-payment',\n",
    '',
  ]),
  bug('a payment is not taken off what it does not settle any more', kills('apply-payment'), [
    'src/engine/plan/payment.ts',
    'if (surplus.amountMinor <= 0n) return [];',
    'if (typeof surplus.amountMinor === "bigint") return [];',
  ]),
  bug('the whole payment is refunded instead of the difference', kills('refund-payment'), [
    'src/engine/plan/payment.ts',
    '          amount: less,',
    '          amount: received,',
  ]),
  bug(
    'a refund is not looked for, and made twice',
    { by: 'kills', kind: 'refund-payment', at: ['after call'], forgetful: true },
    [
      'src/connectors/zuora/find-payment-effect.ts',
      'const living = rows.filter(({ referenceId, status }) => referenceId === mark && !isDead(status));',
      'const living = rows.filter(({ referenceId, status }) => referenceId === `${mark}?` && !isDead(status));',
    ],
  ),
  bug('payments are booked on the day of the copy', prove([], 1, 2), [
    'src/engine/plan/payment.ts',
    "return { kind: 'create-payment', payment, account, externalKey, amount, apply, bookedOn };",
    "return { kind: 'create-payment', payment, account, externalKey, amount, apply, bookedOn: bookedOn && situation.facts.today };",
  ]),
  bug('what an overpayment leaves over is forgotten', prove([], 1, 2, 3, 4), [
    'src/engine/plan/payment.ts',
    'return { ...rest.amount, amountMinor: ownOf(payment) + rest.amount.amountMinor };',
    'return { ...rest.amount, amountMinor: ownOf(payment) };',
  ]),
  // planning
  bug('a memo has the wrong sign', kills('adjust-invoice'), [
    'src/engine/plan/invoice.ts',
    "direction: isMore ? 'debit' : 'credit',",
    "direction: isMore ? 'credit' : 'debit',",
  ]),
  bug('a new due date is not planned', kills('change-due-date'), [
    'src/engine/plan/invoice.ts',
    'if (copy.date !== dueOn || wanted.length > 0)',
    'if (wanted.length > 0)',
  ]),
  bug('an edit of the lines counts as no change', kills('replace-lines'), [
    'src/engine/plan/invoice.ts',
    'const content = { clientId, currency, stage, visibility, number, issuedOn, dueOn, total };\n  return fingerprintOf({ ...content, lines: linesHash(invoice), texts: textsHash(invoice) });',
    'return fingerprintOf({ clientId, currency, stage, visibility, number, issuedOn, dueOn });',
  ]),
  bug(
    'drafts are posted',
    {
      by: 'test',
      project: 'database',
      file: 'test/lifecycle/drafts.db.test.ts',
      name: 'D1 D3 a draft is copied as a draft',
    },
    ['src/engine/plan/invoice.ts', "post: invoice.stage === 'issued',", 'post: true,'],
  ),
  bug('what is made anew takes the number of the cancelled one', kills('cancel-credit'), [
    'src/engine/plan/credit.ts',
    'const generation = link ? link.generation + 1 : 0;',
    'const generation = link ? link.generation : 0;',
  ]),
  bug(
    'payments are not told of a step that makes room for them',
    kills('unapply-payment'),
    ['src/engine/deliver.ts', '    await tellPayments(work, tx, document, step);\n', ''],
    ['src/engine/deliver.ts', '    await tellPayments(work, tx, document, delivery.step);\n', ''],
  ),
  bug(
    'what somebody changed in the destination is not noticed',
    {
      by: 'test',
      project: 'database',
      file: 'test/lifecycle/drift.db.test.ts',
      name: 'parked with both sides',
    },
    [
      'src/engine/plan/plan.ts',
      'return figures.length > 0 && !isOnTheWay ? drifted(link.counterpart.number, figures) : undefined;',
      'return figures.length < 0 && !isOnTheWay ? drifted(link.counterpart.number, figures) : undefined;',
    ],
  ),
  bug(
    'differences of a read-back are ignored, and taxes are left out',
    prove([], 1, 2, 3),
    [
      'src/engine/confirm.ts',
      'if (equalMoney(source, destination)) return [];',
      'if (equalMoney(source, destination) || source !== destination) return [];',
    ],
    [
      'src/core/breakdown.ts',
      'taxes: (charges[index] ?? []).map(({ tax, amount }) => ({ ...tax, amount })),',
      'taxes: (charges[index] ?? []).map(({ tax, amount }) => ({ ...tax, amount })).slice(1),',
    ],
  ),
  bug(
    'what waits for a document is not woken',
    {
      by: 'test',
      project: 'database',
      file: 'test/lifecycle/client-changes.db.test.ts',
      name: 'K8 parks a country that nobody knows',
    },
    ['src/engine/lane-work.ts', 'await listWaitingFor(tx, document.id);', '[] as SyncDocument[];'],
  ),
  // accounts
  bug(
    'two clients share an account',
    { by: 'test', project: 'database', file: 'test/lifecycle/clients.db.test.ts', name: 'K5' },
    [
      'src/engine/plan/account.ts',
      "return holder ? holder.who === 'self' : !isMadeForAnother(number, externalKey);",
      "return !(holder?.who === 'other' && isMadeForAnother(number, externalKey)) || number !== externalKey;",
    ],
  ),
  bug('an account is chosen without regard to its currency', prove([], 1, 2, 3), [
    'src/engine/accounts.ts',
    "findLink(parts.db, { connectionId, kind: 'client', sourceId: clientId, currency });\n  if (link && isLiving",
    "findLink(parts.db, { connectionId, kind: 'client', sourceId: clientId });\n  if (link && isLiving",
  ]),
];
