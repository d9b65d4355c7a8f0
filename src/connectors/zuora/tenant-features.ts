/** Features of the tenant that no setting tells: a setting of ours says them, or the first refusal is the finding. */
import { NOT_PERMITTED, OperatingError } from '../../core/errors.ts';
import type { ConnectorContext, DestinationRequest } from '../../core/ports.ts';
import type { Step } from '../../core/steps.ts';
import { ZuoraNotServed } from './errors.ts';
import type { Posting } from './invoice-request.ts';

type Name = 'taxation' | 'unposting';
type Switch = 'on' | 'off';
const WAYS: Readonly<Record<Posting, { other: Posting; call: string }>> = {
  'bulk-post': { other: 'post', call: 'POST /v1/invoices/bulk-post' },
  post: { other: 'bulk-post', call: 'PUT /v1/invoices/{invoiceKey}/post' },
};

export function createTenantFeatures({ settings, rememberSetting }: ConnectorContext) {
  const found = new Set<Name>();

  /** What the setting says; `auto` is what was found, and `on` until then. */
  function read(name: Name): Switch {
    const said = settings[name];
    if (said === 'on' || said === 'off') return said;
    return found.has(name) ? 'off' : 'on';
  }

  async function remember(name: Name): Promise<void> {
    if (found.has(name)) return;
    found.add(name);
    await rememberSetting(name, 'off');
  }

  /** With `auto` the plan assumed another tenant, so it is made again (M8). */
  async function explainTaxation(
    error: OperatingError,
    request: DestinationRequest,
  ): Promise<OperatingError> {
    const details = { code: 'taxation-off', field: 'taxation', cause: error };
    if (settings.taxation === 'on' || !JSON.stringify(request.body).includes('"taxItems"')) {
      const fix = 'Set taxation to "off" and replay the record, or turn Taxation on in Zuora.';
      return new OperatingError('rejected', `${error.message}. ${fix}`, details);
    }
    await remember('taxation');
    const now = 'The tenant has no Taxation, which is remembered: taxes go in as ordinary lines from now on.';
    return new OperatingError('conflict', `${error.message}. ${now}`, details);
  }

  /** A tenant of before June 2026 does not know the call at all. */
  async function explainUnposting(error: OperatingError): Promise<OperatingError> {
    const details = { code: 'unposting-off', field: 'unposting', cause: error };
    if (settings.unposting === 'on') {
      const fix =
        'Set unposting to "off" and replay the record, or allow "Cancel Posted Billing Documents" in Zuora.';
      return new OperatingError('rejected', `${error.message}. ${fix}`, details);
    }
    await remember('unposting');
    const now =
      'Invoices cannot be unposted here, which is remembered: they are reversed and issued anew from now on.';
    return new OperatingError('conflict', `${error.message}. ${now}`, details);
  }

  /** Ways of posting that the tenant has said not to know, since the last one that worked. */
  const unknownWays = new Set<Posting>();
  let foundWay: Posting | undefined;

  /** The documented call until the tenant says that it does not know it; the way that was found is remembered. */
  function posting(): Posting {
    if (foundWay !== undefined) return foundWay;
    return settings.posting === 'post' ? 'post' : 'bulk-post';
  }

  async function explainPosting(
    error: OperatingError,
    { call }: DestinationRequest,
  ): Promise<OperatingError> {
    const used: Posting = call === 'PUT invoice post' ? 'post' : 'bulk-post';
    const { other } = WAYS[used];
    const details = { code: 'posting-unknown', field: 'posting', cause: error };
    unknownWays.add(used);
    if (unknownWays.has(other)) {
      unknownWays.clear();
      const both = `${error.message}. This tenant knows neither ${WAYS[used].call} nor ${WAYS[other].call}, so the invoice is still a draft`;
      return new OperatingError('rejected', `${both}. Post it in Zuora, then replay the record.`, details);
    }
    foundWay = other;
    await rememberSetting('posting', other);
    const now = `${WAYS[used].call} is not known here, which is remembered: invoices are posted by ${WAYS[other].call} from now on.`;
    return new OperatingError('conflict', `${error.message}. ${now}`, details);
  }

  /** The older CRUD page is withdrawn from the documentation, and nothing documented cancels a draft. */
  function explainCancelling(error: OperatingError): OperatingError {
    const fix =
      'Nothing else cancels a draft that may not be deleted: cancel or delete it in Zuora, then replay the record.';
    const details = { code: 'cancelling-off', cause: error };
    return new OperatingError('rejected', `${error.message}. ${fix}`, details);
  }

  return {
    read,
    remember,
    posting,
    /** A way of posting that worked. */
    posted: () => unknownWays.clear(),
    async explain(error: unknown, step: Step, request: DestinationRequest): Promise<unknown> {
      if (!(error instanceof OperatingError)) return error;
      if (error.kind === 'rejected' && error.code === 'taxation-off') return explainTaxation(error, request);
      const isUnknown = isUnknownCall(error);
      if (step.kind === 'post-invoice' && isUnknown) return explainPosting(error, request);
      if (step.kind === 'cancel-invoice' && isUnknown) return explainCancelling(error);
      const isForbidden = error.kind === 'rejected' && (error.code === NOT_PERMITTED || error.code === '403');
      return step.kind === 'unpost-invoice' && (isUnknown || isForbidden) ? explainUnposting(error) : error;
    },
  };
}

/** Only the API's own words prove it, never a gateway's: no such endpoint, method or older page. */
function isUnknownCall(error: OperatingError): boolean {
  if (error instanceof ZuoraNotServed) return error.byApi;
  return error.kind === 'rejected' && (error.code === 'API_DISABLED' || /^\d+45$/.test(error.code ?? ''));
}
