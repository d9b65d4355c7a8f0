/** The plain page at `/`: accounts, invoices with balances and payments of the simulated tenant. */
import type { Ledger } from '../../../core/ledger.ts';

const STYLE = `
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; color: #1c2430; }
  h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
  p { color: #5a6675; margin: .2rem 0; } table { border-collapse: collapse; width: 100%; }
  th { text-align: left; font-weight: 600; color: #5a6675; } th, td { padding: .35rem .6rem; border-bottom: 1px solid #e3e7ec; }
  .number { text-align: right; font-variant-numeric: tabular-nums; }
  .draft, .cancelled, .deleted { color: #8a94a1; } .empty { color: #8a94a1; font-style: italic; }`;
const SHOWN = 200;

export function renderPage(ledger: Ledger, { region, today }: { region: string; today: string }): string {
  const customers = table(
    ['Account', 'Name', 'E-mail', 'Currency'],
    ledger.customers.map((row) => ({ cells: [row.number, row.name, row.email, row.currency] })),
  );
  const invoices = table(
    ['Invoice', 'Account', 'Date', 'Due', 'State', 'Reference', '#Total', '#Balance'],
    ledger.invoices.map((row) => ({
      state: row.state,
      cells: [
        row.number,
        row.customer,
        row.issuedOn,
        row.dueOn,
        row.state,
        row.reference,
        `${row.total} ${row.currency}`,
        row.outstanding,
      ],
    })),
  );
  const payments = table(
    ['Payment', 'Account', 'Date', 'State', 'Reference', 'Invoices', '#Amount', '#Applied'],
    ledger.payments.map((row) => ({
      state: row.state,
      cells: [
        row.number,
        row.customer,
        row.paidOn,
        row.state,
        row.reference,
        row.invoiceNumbers.join(', '),
        `${row.amount} ${row.currency}`,
        row.applied,
      ],
    })),
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Zuora simulator</title><style>${STYLE}</style></head><body>
<h1>Zuora simulator</h1><p>Tenant ${escaped(ledger.account)} on ${escaped(region)}, today is ${escaped(today)}.</p>
<h2>Accounts (${ledger.customers.length})</h2>${customers}
<h2>Invoices (${ledger.invoices.length})</h2>${invoices}
<h2>Payments (${ledger.payments.length})</h2>${payments}
</body></html>`;
}

type Row = { state?: string; cells: readonly string[] };

/** Newest first; a heading that starts with # makes a column of numbers. */
function table(headings: readonly string[], rows: readonly Row[]): string {
  if (rows.length === 0) return '<p class="empty">None yet.</p>';
  const classOf = (index: number) => (headings[index]?.startsWith('#') === true ? ' class="number"' : '');
  const head = headings
    .map((name, index) => `<th${classOf(index)}>${escaped(name.replace('#', ''))}</th>`)
    .join('');
  const body = rows
    .slice(-SHOWN)
    .reverse()
    .map(({ state = '', cells }) => {
      const shown = cells.map((cell, index) => `<td${classOf(index)}>${escaped(cell)}</td>`).join('');
      return `<tr class="${escaped(state)}">${shown}</tr>`;
    });
  const more = rows.length > SHOWN ? `<p>The newest ${SHOWN} of ${rows.length}.</p>` : '';
  return `<table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table>${more}`;
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
