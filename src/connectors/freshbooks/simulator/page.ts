/** A plain page for people: the books at a glance, with buttons to send, pay and delete. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { formatMoney } from '../../../core/money.ts';
import { dueDateOf, loadInvoice, outstandingOf, statusOf } from './books.ts';
import { escapeHtml } from './html.ts';
import { addInvoice, sendInvoice, setInvoiceVisState } from './invoice-acts.ts';
import { nameOf } from './ledger-view.ts';
import type { Client, Invoice, Payment } from './model.ts';
import { addPayment, setPaymentVisState } from './payment-acts.ts';
import type { Simulator } from './simulator.ts';

const SHOWN = 50;

const InvoiceForm = z.object({
  clientId: z.string(),
  name: z.string(),
  qty: z.string(),
  unitCost: z.string(),
  tax: z.string().optional(),
});

export function registerPage(app: FastifyInstance, sim: Simulator): void {
  const { books } = sim;
  type Target = { Params: { id: string } };
  const idOf = (request: { params: { id: string } }) => Number.parseInt(request.params.id, 10);

  app.get('/', (_request, reply) => reply.type('text/html').send(renderPage(sim)));
  app.post('/ui/invoices', (request, reply) => {
    const form = InvoiceForm.parse(request.body);
    const taxes = form.tax === undefined || form.tax === '' ? [] : [{ name: 'Tax', percent: form.tax }];
    const { name, qty, unitCost } = form;
    addInvoice(books, {
      clientId: Number.parseInt(form.clientId, 10),
      dueOffsetDays: 30,
      lines: [{ name, qty, unitCost, taxes }],
      send: true,
    });
    return reply.redirect('/', 303);
  });
  app.post<Target>('/ui/invoices/:id/send', (request, reply) => {
    sendInvoice(books, idOf(request));
    return reply.redirect('/', 303);
  });
  app.post<Target>('/ui/invoices/:id/delete', (request, reply) => {
    setInvoiceVisState(books, idOf(request), 1);
    return reply.redirect('/', 303);
  });
  app.post<Target>('/ui/invoices/:id/pay', (request, reply) => {
    const invoice = loadInvoice(books, idOf(request));
    const asked = z.object({ amount: z.string().optional() }).safeParse(request.body).data?.amount ?? '';
    const amount = asked === '' ? formatMoney(outstandingOf(invoice)) : asked;
    addPayment(books, { invoiceId: invoice.id, amount, type: 'Bank Transfer' });
    return reply.redirect('/', 303);
  });
  app.post<Target>('/ui/payments/:id/delete', (request, reply) => {
    setPaymentVisState(books, idOf(request), 1);
    return reply.redirect('/', 303);
  });
}

function renderPage(sim: Simulator): string {
  const { books, identity } = sim;
  const { clients, invoices, payments } = books;
  const today = books.today();
  const latest = <Row>(rows: readonly Row[]) => rows.slice(-SHOWN).reverse();
  const invoiceRows = latest(invoices.rows).map((invoice) => invoiceRow(sim, invoice, today));
  const paymentRows = latest(payments.rows).map((payment) => paymentRow(sim, payment));
  const clientRows = latest(clients.rows).map(clientRow);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>FreshBooks simulator</title><style>
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.3rem .5rem;border-bottom:1px solid #8884;vertical-align:middle}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}form{display:inline}input,select,button{font:inherit;padding:.1rem .4rem}
input.a{width:6rem}.gone{opacity:.5}.tag{border:1px solid #8886;border-radius:1rem;padding:0 .5rem}</style></head><body>
<h1>${escapeHtml(identity.businessName)}</h1><p>Simulated FreshBooks account <code>${identity.accountId}</code>.
Nothing here is real money. The control API is under <code>/_control</code>.</p>
${newInvoiceForm(clients.rows)}
<h2>Invoices (${invoices.rows.length})</h2>
${table('Number|Client|Date|Due|Status|Total:n|Outstanding:n|', invoiceRows)}
<h2>Payments (${payments.rows.length})</h2>
${table('Id|Invoice|Date|Type|Amount:n|', paymentRows)}
<h2>Clients (${clients.rows.length})</h2>
${table('Id|Name|E-mail|Place|Currency', clientRows)}
<p>The latest ${SHOWN} of each are shown.</p></body></html>`;
}

function table(heads: string, rows: string[]): string {
  const cells = heads.split('|').map((head) => {
    const [label, numeric] = head.split(':');
    return `<th${numeric === undefined ? '' : ' class="n"'}>${label ?? ''}</th>`;
  });
  const body = rows.length > 0 ? rows.join('') : `<tr><td colspan="${cells.length}">None yet.</td></tr>`;
  return `<table><thead><tr>${cells.join('')}</tr></thead><tbody>${body}</tbody></table>`;
}

function invoiceRow({ books }: Simulator, invoice: Invoice, today: string): string {
  const client = books.clients.find(invoice.clientId);
  const isDeleted = invoice.visState === 1;
  const status = isDeleted ? 'deleted' : statusOf(invoice, today);
  const outstanding = outstandingOf(invoice);
  const action = `/ui/invoices/${invoice.id}`;
  const pay = `<form method="post" action="${action}/pay"><input class="a" name="amount" placeholder="all" aria-label="Amount"> <button>Pay</button></form>`;
  const buttons = isDeleted
    ? ''
    : [
        status === 'draft' ? button(`${action}/send`, 'Send') : '',
        outstanding.amountMinor > 0n ? pay : '',
        button(`${action}/delete`, 'Delete'),
      ].join(' ');
  return `<tr${isDeleted ? ' class="gone"' : ''}><td>${escapeHtml(invoice.number)}</td>
<td>${escapeHtml(client === undefined ? '' : nameOf(client))}</td><td>${invoice.createDate}</td><td>${dueDateOf(invoice)}</td>
<td><span class="tag">${status}</span></td><td class="n">${formatMoney(invoice.total)} ${invoice.currency}</td>
<td class="n">${formatMoney(outstanding)}</td><td>${buttons}</td></tr>`;
}

function paymentRow({ books }: Simulator, payment: Payment): string {
  const isDeleted = payment.visState === 1;
  const number = books.invoices.find(payment.invoiceId)?.number ?? '';
  return `<tr${isDeleted ? ' class="gone"' : ''}><td>${payment.id}</td><td>${escapeHtml(number)}</td><td>${payment.date}</td>
<td>${escapeHtml(payment.type)}</td><td class="n">${formatMoney(payment.amount)} ${payment.amount.currency}</td>
<td>${isDeleted ? 'deleted' : button(`/ui/payments/${payment.id}/delete`, 'Delete')}</td></tr>`;
}

function clientRow(client: Client): string {
  const cells = [nameOf(client), client.email, `${client.city}, ${client.country}`, client.currency];
  return `<tr><td>${client.id}</td>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`;
}

function button(action: string, label: string): string {
  return `<form method="post" action="${action}"><button>${label}</button></form>`;
}

function newInvoiceForm(clients: readonly Client[]): string {
  if (clients.length === 0) return '';
  const options = clients.map(
    (client) => `<option value="${client.id}">${escapeHtml(nameOf(client))} (${client.currency})</option>`,
  );
  return `<h2>New invoice</h2><form method="post" action="/ui/invoices">
<select name="clientId" aria-label="Client">${options.join('')}</select>
<input name="name" value="Design" aria-label="Item"> <input class="a" name="qty" value="1.5" aria-label="Quantity">
× <input class="a" name="unitCost" value="80.00" aria-label="Unit cost">
+ <input class="a" name="tax" value="13" aria-label="Tax percent"> % <button>Create and send</button></form>`;
}
