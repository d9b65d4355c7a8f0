/** Sample answers of the simulator against the answer schemas of the OpenAPI core, where that file is at hand. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bench, INVOICE, type Reply, startBench } from './test-kit.ts';

const PATH =
  process.env['ZUORA_OPENAPI'] ??
  fileURLToPath(new URL('../../../../../shared/contracts/zuora-openapi-core.json', import.meta.url));

describe.skipIf(!existsSync(PATH))('answers follow the OpenAPI core', () => {
  const ajv = new Ajv({ strict: false, validateSchema: false, validateFormats: false, allErrors: true });
  let bench: Bench;
  let invoiceId = '';
  beforeAll(async () => {
    ajv.addSchema(JSON.parse(readFileSync(PATH, 'utf8')), 'core');
    bench = await startBench();
    await bench.account();
    invoiceId = String((await bench.invoice({ invoiceNumber: 'C-1' })).body['id']);
    await bench.payment(invoiceId, 20, { referenceId: 'ref' });
  });
  afterAll(() => bench.close());

  /** The schema of an operation's answer, by path, method and status. */
  function problemsOf(path: string, method: string, reply: Reply, status = '200'): unknown {
    const escaped = path
      .replaceAll('~', '~0')
      .replaceAll('/', '~1')
      .replaceAll('{', '%7B')
      .replaceAll('}', '%7D');
    const $ref = `core#/paths/${escaped}/${method}/responses/${status}/content/application~1json/schema`;
    const validate = ajv.compile({ $ref });
    validate(reply.body);
    return (validate.errors ?? []).map(({ instancePath, message, params }) => ({
      instancePath,
      message,
      params,
    }));
  }

  const READS: [string, string][] = [
    ['/v1/accounts/{account-key}', '/v1/accounts/FB-1'],
    ['/object-query/taxation-items', '/object-query/taxation-items'],
    ['/v1/invoices/{invoiceKey}', '/v1/invoices/C-1'],
    ['/v1/invoices/{invoiceKey}/items', '/v1/invoices/C-1/items'],
    ['/v1/payments', '/v1/payments'],
    ['/v1/payments/{paymentKey}', '/v1/payments/P-00000001'],
    ['/v1/payments/{paymentKey}/parts', '/v1/payments/P-00000001/parts'],
    ['/v1/invoices/{invoiceKey}/application-parts', '/v1/invoices/C-1/application-parts'],
    ['/v1/accounting-periods', '/v1/accounting-periods'],
    ['/object-query/accounts', '/object-query/accounts?expand[]=billto'],
    ['/object-query/contacts', '/object-query/contacts'],
    ['/object-query/invoices', '/object-query/invoices?expand[]=account'],
    ['/object-query/payments', '/object-query/payments?expand[]=paymentapplications'],
    ['/object-query/payment-applications', '/object-query/payment-applications'],
  ];
  test.each(READS)('GET %s', async (path, url) => {
    const reply = await bench.call('GET', url);
    expect(reply.status).toBe(200);
    expect(problemsOf(path, 'get', reply)).toEqual([]);
  });

  test('POST token, account, contact, invoice, batch, bulk-post, payment and refund', async () => {
    const contact = await bench.call('POST', '/v1/contacts', {
      accountNumber: 'FB-1',
      firstName: 'A',
      lastName: 'B',
    });
    const batch = await bench.call('POST', '/v1/invoices/batch', {
      invoices: [{ ...INVOICE, status: 'Draft' }],
    });
    const [member] = batch.body['invoices'] as [{ id: string }];
    const post = await bench.call('POST', '/v1/invoices/bulk-post', { invoices: [{ id: member.id }] });
    const payment = await bench.payment(invoiceId, 30, { invoices: [] });
    const refund = await bench.call('POST', `/v1/payments/${payment.body['number']}/refunds`, {
      type: 'External',
      methodType: 'Check',
      totalAmount: 5,
    });
    const answers: [string, Reply][] = [
      ['/oauth/token', await bench.signIn()],
      ['/v1/accounts', await bench.account({ accountNumber: 'FB-2' })],
      ['/v1/contacts', contact],
      ['/v1/invoices', await bench.invoice()],
      ['/v1/invoices/batch', batch],
      ['/v1/invoices/bulk-post', post],
      ['/v1/payments', payment],
      ['/v1/payments/{paymentKey}/refunds', refund],
    ];
    for (const [path, reply] of answers) {
      expect([path, reply.status, problemsOf(path, 'post', reply)]).toEqual([path, 200, []]);
    }
  });

  test('PUT invoice, apply, unapply, cancel, reverse and unpost', async () => {
    const draft = await bench.invoice({ status: 'Draft', invoiceNumber: 'C-2' });
    const edited = await bench.call('PUT', '/v1/invoices/C-2', { comments: 'x' });
    await bench.call('PUT', '/v1/invoices/C-2/post', {});
    const unposted = await bench.call('PUT', '/v1/invoices/C-2/unpost');
    await bench.call('PUT', '/v1/invoices/C-2/post', {});
    const payment = await bench.payment('', 30, { invoices: [] });
    const on = `/v1/payments/${payment.body['number']}`;
    const invoices = [{ invoiceId: draft.body['id'], amount: 30 }];
    const answers: [string, Reply][] = [
      ['/v1/invoices/{invoiceKey}', edited],
      ['/v1/invoices/{invoiceKey}/unpost', unposted],
      ['/v1/payments/{paymentKey}/apply', await bench.call('PUT', `${on}/apply`, { invoices })],
      ['/v1/payments/{paymentKey}/unapply', await bench.call('PUT', `${on}/unapply`, { invoices })],
      ['/v1/payments/{paymentKey}/cancel', await bench.call('PUT', `${on}/cancel`, {})],
      ['/v1/invoices/{invoiceKey}/reverse', await bench.call('PUT', '/v1/invoices/C-2/reverse', {})],
    ];
    edited.body['transferredToAccounting'] = 'Ignore'; // a boolean in the official sample, an enum in the schema
    for (const [path, reply] of answers) {
      expect([path, reply.status, problemsOf(path, 'put', reply)]).toEqual([path, 200, []]);
    }
  });

  test('errors: codes are numbers on the wire and text in the schema, the rest fits', async () => {
    const v1 = await bench.call('GET', '/v1/invoices/none');
    const problems = problemsOf('/v1/invoices/{invoiceKey}', 'get', v1, '4XX') as { instancePath: string }[];
    expect(problems.filter(({ instancePath }) => !instancePath.endsWith('/code'))).toEqual([]);
    const query = await bench.call('GET', '/object-query/invoices?pageSize=0');
    expect(problemsOf('/object-query/invoices', 'get', query, '4XX')).toEqual([]);
  });
});
