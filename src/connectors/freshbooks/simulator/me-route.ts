/** GET users/me: who consented, and for which account; unlike the rest it has no `result` layer. */
import type { FastifyInstance } from 'fastify';
import type { Simulator } from './simulator.ts';

/** The second business of a person who owns two. */
const OTHER_ACCOUNT = 'OtHeR1';

export function registerMe(api: FastifyInstance, sim: Simulator): void {
  const { identity } = sim;
  const { accountId, businessId, identityId } = identity;
  const uuid = `42c0d779-1dea-4532-a6d0-${String(identityId).padStart(12, '0')}`;
  const role = { id: 15_615_614, role: 'admin', systemid: identity.systemId, userid: identity.userId };
  const business = {
    id: businessId,
    business_uuid: identity.businessUuid,
    name: identity.businessName,
    account_id: accountId,
    number_format: null,
    date_format: 'yyyy-mm-dd',
    first_day_of_week: 0,
    active: true,
    timezone: 'America/Toronto',
    status: 'active',
    advanced_accounting_enabled: false,
    address: {
      id: 16_317_082,
      street: '',
      street2: '',
      city: 'Toronto',
      province: 'Ontario',
      country: 'Canada',
      postal_code: 'M5V 2T6',
    },
    phone_number: { id: 5_844_482, phone_number: '' },
    business_clients: [],
  };
  const membership = { id: 40_513_149, role: 'owner', unacknowledged_change: false, business };
  const response = {
    id: identityId,
    identity_id: identityId,
    identity_uuid: uuid,
    first_name: 'Robin',
    last_name: 'Lark',
    email: 'robin@mapleandlark.example',
    language: 'en',
    confirmed_at: null,
    created_at: '2026-01-05T14:31:51Z',
    setup_complete: true,
    permissions: { [accountId]: { 'refunds.access': true, 'partial_payments.access': true } },
    groups: [
      {
        id: membership.id,
        group_id: 28_299_484,
        role: 'owner',
        identity_id: identityId,
        business_id: businessId,
        active: true,
      },
    ],
    subscription_statuses: { [accountId]: 'active' },
    business_statuses: { [accountId]: 'active' },
    business_memberships: [membership],
    timezone: 'America/Toronto',
    roles: [{ ...role, created_at: '2026-01-05T14:31:58Z', accountid: accountId }],
  };
  const other = {
    ...membership,
    id: membership.id + 1,
    business: { ...business, id: businessId + 1, name: 'Second Books', account_id: OTHER_ACCOUNT },
  };
  const variants = {
    owner: response,
    client: {
      ...response,
      business_memberships: [],
      roles: response.roles.map((own) => ({ ...own, role: 'client' })),
    },
    'no-account-id': {
      ...response,
      business_memberships: [{ ...membership, business: { ...business, account_id: null } }],
    },
    // Tells only who consents from now on; whose token a call carries was settled then.
    stranger: response,
    'two-accounts': {
      ...response,
      business_memberships: [membership, other],
      roles: [...response.roles, ...response.roles.map((own) => ({ ...own, accountid: OTHER_ACCOUNT }))],
    },
  };
  const stranger = {
    ...response,
    email: 'sam@second.example',
    business_memberships: [other],
    roles: response.roles.map((own) => ({ ...own, accountid: OTHER_ACCOUNT })),
  };
  api.get('/auth/api/v1/users/me', { config: { kind: 'GET me', scope: 'user:profile:read' } }, (request) => ({
    response: request.grantor === 'stranger' ? stranger : variants[sim.faults.person],
  }));
}
