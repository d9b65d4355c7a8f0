/** How records look on the wire: field names, string amounts and nulls as recorded from the real API. */
import { formatMoney, type Money, zeroMoney } from '../../../core/money.ts';
import { type Books, dueDateOf, outstandingOf, statusOf } from './books.ts';
import type { Identity } from './identity.ts';
import type { Client, CreditNote, Invoice, InvoiceLine, Payment } from './model.ts';

type WireAmount = { amount: string; code: string };

function wireAmount(money: Money): WireAmount {
  return { amount: formatMoney(money), code: money.currency };
}

const STATUS_NUMBER = { draft: 1, sent: 2, viewed: 3, paid: 4 } as const;

export function wireInvoice(
  books: Books,
  identity: Identity,
  invoice: Invoice,
  includes: ReadonlySet<string>,
) {
  const { snapshot, currency } = invoice;
  const status = statusOf(invoice, books.today());
  const isPaid = status === 'paid';
  const isPartial = !isPaid && invoice.paid.amountMinor > 0n;
  return {
    accountid: identity.accountId,
    accounting_systemid: identity.accountId,
    address: '',
    amount: wireAmount(invoice.total),
    attach_pdf_to_email: false,
    auto_bill: false,
    autobill_status: null,
    basecampid: 0,
    city: snapshot.city,
    code: snapshot.code,
    country: snapshot.country,
    create_date: invoice.createDate,
    created_at: invoice.createdAt,
    currency_code: currency,
    current_organization: books.clients.find(invoice.clientId)?.organization ?? '',
    customerid: invoice.clientId,
    date_paid: invoice.datePaid,
    deposit_amount: null,
    deposit_percentage: null,
    deposit_status: 'none',
    description: invoice.lines[0]?.description ?? '',
    discount: {
      amount: wireAmount(invoice.discount),
      rate: invoice.discountPercent,
      type: 'percent',
    },
    discount_description: invoice.discountDescription,
    discount_total: wireAmount(invoice.discount),
    discount_value: invoice.discountPercent,
    display_status: isPaid ? 'paid' : invoice.stage,
    dispute_status: null,
    due_date: dueDateOf(invoice),
    due_offset_days: invoice.dueOffsetDays,
    email: snapshot.email,
    estimateid: 0,
    ext_archive: 0,
    fname: snapshot.fname,
    fulfillment_date: null,
    generation_date: null,
    gmail: false,
    id: invoice.id,
    invoice_number: invoice.number,
    invoiceid: invoice.id,
    language: invoice.language,
    last_order_status: null,
    lname: snapshot.lname,
    lock_status: 'unlocked',
    net_paid_amount: wireAmount(invoice.paid),
    notes: invoice.notes,
    organization: snapshot.organization,
    outstanding: wireAmount(outstandingOf(invoice)),
    ownerid: 1,
    paid: wireAmount(invoice.paid),
    parent: 0,
    payment_details: '',
    payment_status: isPaid ? 'paid' : isPartial ? 'partial' : 'unpaid',
    po_number: invoice.poNumber,
    province: snapshot.province,
    return_uri: null,
    sender_address: {
      city: 'Toronto',
      code: 'M5V 2T6',
      country: 'Canada',
      province: 'Ontario',
      street: '',
      street2: '',
    },
    sentid: 1,
    series: '',
    show_attachments: true,
    // A part-paid invoice keeps the number of its stage.
    status: isPaid ? STATUS_NUMBER.paid : STATUS_NUMBER[invoice.stage],
    street: snapshot.street,
    street2: snapshot.street2,
    template: 'clean-grouped',
    terms: invoice.terms,
    updated: invoice.updated,
    uuid: invoice.uuid,
    v3_status: status,
    vat_name: snapshot.vatName ?? '',
    vat_number: snapshot.vatNumber ?? '',
    version: invoice.version,
    vis_state: invoice.visState,
    ...(includes.has('lines') ? { lines: invoice.lines.map((line) => wireLine(invoice, line)) } : {}),
  };
}

function wireLine(invoice: Invoice, line: InvoiceLine) {
  const [first, second] = line.taxes;
  return {
    amount: wireAmount(line.amount),
    basecampid: 0,
    compounded_tax: line.compoundedTax,
    date: null,
    description: line.description,
    expenseid: 0,
    invoiceid: invoice.id,
    lineid: line.lineid,
    modern_project_id: null,
    modern_time_entries: [],
    name: line.name,
    qty: line.qty,
    retainer_id: null,
    retainer_period_id: null,
    taskno: line.lineid,
    taxAmount1: first?.percent ?? '0',
    taxAmount2: second?.percent ?? '0',
    taxName1: first?.name ?? null,
    taxName2: second?.name ?? null,
    taxNumber1: null,
    taxNumber2: null,
    type: 0,
    unit_cost: { amount: line.unitCost, code: invoice.currency },
    updated: line.updated,
  };
}

export function wirePayment(identity: Identity, payment: Payment) {
  return {
    accounting_systemid: identity.accountId,
    amount: wireAmount(payment.amount),
    bulk_paymentid: null,
    clientid: payment.clientId,
    creditid: payment.creditId,
    date: payment.date,
    from_credit: payment.fromCredit,
    gateway: null,
    id: payment.id,
    invoiceid: payment.invoiceId,
    logid: payment.id,
    note: payment.note,
    orderid: null,
    overpaymentid: payment.overpaymentId,
    send_client_notification: null,
    transaction_uuid: null,
    transactionid: null,
    type: payment.type,
    updated: payment.updated,
    vis_state: payment.visState,
  };
}

export function wireClient(identity: Identity, client: Client) {
  return {
    accounting_systemid: identity.accountId,
    allow_email_include_pdf: false,
    allow_late_fees: true,
    allow_late_notifications: true,
    bus_phone: client.busPhone,
    company_industry: null,
    company_size: null,
    currency_code: client.currency,
    direct_link_token: null,
    email: client.email,
    exceeds_client_limit: 0,
    fax: '',
    fname: client.fname,
    has_retainer: null,
    home_phone: null,
    id: client.id,
    language: client.language,
    last_activity: null,
    last_login: null,
    level: 0,
    lname: client.lname,
    mob_phone: '',
    note: client.note,
    notified: false,
    num_logins: 0,
    number_format: null,
    organization: client.organization,
    p_city: client.city,
    p_code: client.code,
    p_country: client.country,
    p_province: client.province,
    p_street: client.street,
    p_street2: client.street2,
    pref_email: true,
    pref_gmail: false,
    retainer_id: null,
    role: 'client',
    s_city: '',
    s_code: '',
    s_country: '',
    s_province: '',
    s_street: '',
    s_street2: '',
    signup_date: client.signupDate,
    statement_token: null,
    subdomain: null,
    updated: client.updated,
    userid: client.id,
    username: `client${client.id}`,
    uuid: client.uuid,
    vat_name: client.vatName,
    vat_number: client.vatNumber,
    vis_state: client.visState,
  };
}

export function wireCreditNote(identity: Identity, note: CreditNote, includes: ReadonlySet<string>) {
  const { currency } = note.amount;
  return {
    accounting_systemid: identity.accountId,
    amount: wireAmount(note.amount),
    clientid: note.clientId,
    create_date: note.createDate,
    created_at: note.createdAt,
    credit_number: note.number,
    credit_type: note.type,
    creditid: note.id,
    currency_code: currency,
    display_status: 'created',
    id: note.id,
    notes: note.notes,
    paid: wireAmount(zeroMoney(currency)),
    payment_status: 'unpaid',
    status: 'created',
    terms: null,
    updated: note.updated,
    uuid: note.uuid,
    vis_state: note.visState,
    ...(includes.has('lines')
      ? { lines: [{ lineid: 1, name: 'Credit', qty: '1', amount: wireAmount(note.amount), type: 0 }] }
      : {}),
  };
}
