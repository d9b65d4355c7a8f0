/** Guarantees of access: each of the ten data centres is found, and what is wrong with a sign-in is told apart. */
import { describe, expect, test } from 'vitest';
import { ZUORA_REGIONS } from './regions.ts';
import { REGIONS } from './simulator/regions.ts';
import { startPreflight } from './test-preflight.ts';

describe('the region', () => {
  test.each(REGIONS)('%s is found among ten, remembered, and asked alone from then on', async (region) => {
    await using bench = await startPreflight({ region });
    const { destination, context } = bench.connect({ baseUrl: '', region: 'auto' });
    const [signIn, tenant] = await destination.ping();
    expect(signIn).toMatchObject({ ok: true });
    expect(signIn?.detail).toContain(ZUORA_REGIONS.find(({ id }) => id === region)?.label);
    expect(tenant?.detail).toContain(`tenant ${bench.simulator.tenant.tenantId}`);
    expect(tenant?.detail).toContain(bench.simulator.tenant.entityId);
    expect(context.remembered).toMatchObject({
      baseUrl: bench.simulator.baseUrl,
      tenantId: bench.simulator.tenant.tenantId,
    });
    const tokens = context.calls.filter(({ call }) => call === 'POST token');
    expect(tokens.length).toBeLessThanOrEqual(10);
    expect(new Set(tokens.map(({ url }) => url)).size).toBe(tokens.length);
  });

  test('the ten regions of the simulator are the ten of the connector', () => {
    expect(ZUORA_REGIONS.map(({ id }) => id).sort()).toEqual([...REGIONS].sort());
  });
});

describe('a sign-in that fails', () => {
  test.each(['auto', ''])('says that the secret is wrong (region "%s")', async (region) => {
    await using bench = await startPreflight();
    const { destination } = bench.connect(region === '' ? {} : { baseUrl: '', region }, 'wrong');
    const [signIn] = await destination.ping();
    expect(signIn).toMatchObject({ ok: false });
    expect(signIn?.detail).toContain('refuses the client secret');
    expect(signIn?.fix).toContain('client secret');
  });

  test('says that no data centre knows the client', async () => {
    await using bench = await startPreflight();
    const clientId = '00000000-0000-4000-8000-000000000000';
    const [signIn] = await bench.connect({ baseUrl: '', region: 'auto', clientId }).destination.ping();
    expect(signIn?.detail).toContain('none of the 10');
    expect(signIn?.fix).toContain('client id and region');
  });

  test('says that the user is disabled', async () => {
    await using bench = await startPreflight();
    await bench.features({ userActive: false });
    const [signIn] = await bench.connect({ baseUrl: '', region: 'auto' }).destination.ping();
    expect(signIn?.detail).toContain('deactivated');
    expect(signIn?.fix).toContain('Activate the API user');
  });

  test('says that the entity is wrong', async () => {
    await using bench = await startPreflight();
    const entityId = '00000000000040008000000000000000';
    const [signIn] = await bench.connect({ entityId }).destination.ping();
    expect(signIn?.detail).toContain('entity');
    expect(signIn?.fix).toContain('entity id');
    await bench.features({ multiEntity: true });
    const good = bench.connect({ entityId: bench.simulator.tenant.entityId.replaceAll('-', '') });
    expect((await good.destination.ping()).filter(({ ok }) => !ok)).toEqual([]);
  });

  test('says that the host is not reached, and calls nothing a wrong secret', async () => {
    await using bench = await startPreflight();
    const [signIn] = await bench.connect({ baseUrl: 'http://127.0.0.1:1' }, 'wrong').destination.ping();
    expect(signIn).toMatchObject({ ok: false });
    expect(signIn?.detail).not.toContain('secret');
    expect(signIn?.fix).toContain('reach Zuora');
  });

  test('one base that does not answer hides no other that knows the client', async () => {
    await using bench = await startPreflight();
    const { destination } = bench.connect({ baseUrl: '', region: 'auto' }, 'wrong', (regions) =>
      regions.map((one, index) => (index === 0 ? { ...one, baseUrl: 'http://127.0.0.1:1' } : one)),
    );
    expect((await destination.ping())[0]?.detail).toContain('refuses the client secret');
  });
});
