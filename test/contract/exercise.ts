/** Every operation that the connector uses, called at least once against a simulator: good, refused, lost and limited. */
import type { ExchangeListener } from '../../src/connectors/zuora/simulator/exchange.ts';
import {
  client,
  createAccount,
  createInvoice,
  createPayment,
  invoiceOf,
} from '../../src/connectors/zuora/test-documents.ts';
import { startTestTenant } from '../../src/connectors/zuora/test-tenant.ts';
import { OperatingError } from '../../src/core/errors.ts';
import type { Step } from '../../src/core/steps.ts';
import { exerciseLifecycle } from './exercise-lifecycle.ts';

const GST = { name: 'GST', ratePercent: '5' };
const PST = { name: 'PST', ratePercent: '7', number: '123' };

export async function exercise(onExchange: ExchangeListener): Promise<void> {
  const tenant = await startTestTenant(onExchange);
  try {
    await tenant.order('features', { customFields: { invoice: ['PoNumber__c'] } });
    const { destination } = await tenant.connect({
      customFields: 'poNumber=PoNumber__c',
      taxCodes: 'GST=CA-GST',
    });
    const send = async (step: Step, idempotencyKey?: string) =>
      (await tenant.send(destination, step, idempotencyKey)).counterpart;
    const { order } = tenant;

    await destination.ping();
    const { email: _, firstName: __, lastName: ___, ...organizationOnly } = client({ organization: 'Söhne' });
    const bare = createAccount(organizationOnly, 'EUR');
    const full = createAccount(
      client({
        organization: 'Ada 🧮 & Söhne',
        vatNumber: 'DE123',
        phone: '+49 30 1',
        address: {
          line1: 'A',
          line2: 'B',
          city: 'Berlin',
          region: 'Berlin',
          postalCode: '1',
          country: 'Germany',
        },
      }),
    );
    await destination.findAccounts(client({}), 'USD', 'none');
    await send(bare);
    const account = await send(full);
    await destination.findAccounts(client({}), 'USD', 'none');
    await destination.find(full);
    await expectError(() => send(full));

    const lines = [
      { quantity: '2', unitPrice: '100.10', taxes: [GST, PST], compound: true },
      { quantity: '1.333', unitPrice: '9.999' },
      { unitPrice: '-5' },
    ];
    const whole = { ...invoiceOf('USD', lines, '10', 1n), poNumber: 'PO-1' };
    const draft = createInvoice(whole, { account, post: false });
    const invoice = await send(draft);
    await destination.find(draft);
    const post: Step = { kind: 'post-invoice', invoice, externalKey: draft.externalKey };
    await destination.find(post);
    await send(post);
    await expectError(() => send(post));
    await destination.readBack('invoice', invoice);
    await expectError(() => destination.readBack('invoice', { id: '0'.repeat(32), number: 'none' }));

    for (const [index, method] of (['check', 'credit_card', 'paypal', 'other'] as const).entries()) {
      const externalKey = `FB-ACM123-payment-${index}`;
      const payment = createPayment('10.00', method, { account, invoice, externalKey });
      await destination.find(payment);
      const paid = await send(payment, `payment-${index}`);
      await send(payment, `payment-${index}`);
      await destination.readBack('payment', paid);
    }
    const tooMuch = createPayment('10000.00', 'cash', { account, invoice, externalKey: 'too-much' });
    await expectError(() => send(tooMuch));
    await order('faults', { lockContentionNext: 1 });
    await expectError(() => send(createPayment('1.00', 'cash', { account, invoice, externalKey: 'locked' })));

    await exerciseLifecycle(tenant);

    await order('features', { taxation: false });
    const taxed = invoiceOf('USD', [{ unitPrice: '10', taxes: [GST] }]);
    await expectError(() => send(createInvoice(taxed, { account, number: 'T-1' })));
    await send(createInvoice(taxed, { account, number: 'T-2' }));
    await order('features', { invoiceSettlement: false });
    await destination.ping();
    await order('faults', { revokeTokens: true });
    await destination.find(full);
    await order('faults', { rotateSecret: true, revokeTokens: true });
    await expectError(() => destination.find(full));
  } finally {
    await tenant.close();
  }
}

async function expectError(run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (error instanceof OperatingError) return;
    throw error;
  }
  throw new Error('a refusal was expected');
}
