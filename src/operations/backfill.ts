/** Backfill of history: start it, see how far it has come, and what the comparison at its end says. */
import { sql } from 'kysely';
import { NotFound, UsageError } from '../core/errors.ts';
import { formatMoney } from '../core/money.ts';
import { startBackfill } from '../engine/backfill.ts';
import { type BackfillReport, findBackfill } from '../store/backfills.ts';
import { loadConnection } from '../store/connections.ts';
import { type Actor, requireRole } from './context.ts';
import type { OperationParts } from './parts.ts';

export async function backfill(
  parts: OperationParts,
  actor: Actor,
  request: { connection: string; since?: string | undefined },
): Promise<{ id: string }> {
  requireRole(actor, 'operator');
  const { id, state, pauseReason } = await loadConnection(parts.db, request.connection);
  if (state === 'paused') {
    throw new UsageError(
      `The connection is paused: ${pauseReason ?? ''}`,
      'Resume it first: connection resume NAME',
    );
  }
  const changedSince = request.since === undefined ? null : parseDay(request.since);
  return {
    id: await startBackfill(parts, parts.runtime, { connectionId: id, changedSince, actor: actor.name }),
  };
}

/** `settled` of `accepted` documents have an end state; `listed` of about `estimated` have been seen in this pass. */
export async function backfillProgress(parts: OperationParts, actor: Actor, { id }: { id: string }) {
  requireRole(actor, 'viewer');
  const found = await findBackfill(parts.db, id);
  if (!found) throw new NotFound(`There is no backfill ${id}.`);
  const { rows } = await sql<{ accepted: bigint; settled: bigint }>`
    select count(distinct e.document_id) as accepted,
      count(distinct e.document_id) filter (where not exists (
        select from events u where u.document_id = e.document_id and u.settled_at is null)) as settled
    from events e join backfills b on b.id = ${id} and e.connection_id = b.connection_id
    where e.origin = 'backfill' and e.received_at >= b.created_at`.execute(parts.db);
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0);
  return {
    id,
    state: found.state,
    pass: found.pass,
    error: found.error,
    listed: sum(found.listed),
    listedByKind: found.listed,
    estimated: sum(found.estimated),
    accepted: Number(rows[0]?.accepted ?? 0n),
    settled: Number(rows[0]?.settled ?? 0n),
    report: found.report && toShownReport(found.report),
  };
}

export type BackfillProgress = Awaited<ReturnType<typeof backfillProgress>>;

/** What the source listed beside what is stored of the same documents. */
function toShownReport(report: BackfillReport) {
  const amount = (minor: string, currency: string | null) =>
    currency === null ? null : formatMoney({ amountMinor: BigInt(minor), currency });
  return {
    missing: report.missing,
    short: report.short,
    figures: report.figures.map((one) => ({
      kind: one.kind,
      currency: one.currency,
      listed: one.listed,
      listedAmount: amount(one.listedMinor, one.currency),
      stored: one.stored,
      storedAmount: amount(one.storedMinor, one.currency),
      equal: one.listed === one.stored && BigInt(one.listedMinor) === BigInt(one.storedMinor),
    })),
  };
}

function parseDay(text: string): Date {
  const day = new Date(`${text}T00:00:00Z`);
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(day.getTime()))
    throw new UsageError(`${JSON.stringify(text)} is no date.`, 'Write it as year-month-day: 2026-01-31.');
  return day;
}
