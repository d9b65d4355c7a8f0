/** Features of the tenant that no setting tells: a setting of ours says them, or the first refusal is the finding. */
import { NOT_PERMITTED, OperatingError } from '../../core/errors.ts';
import type { ConnectorContext, DestinationRequest } from '../../core/ports.ts';
import type { Step } from '../../core/steps.ts';

type Name = 'taxation' | 'unposting';
type Switch = 'on' | 'off';

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

  return {
    read,
    remember,
    async explain(error: unknown, step: Step, request: DestinationRequest): Promise<unknown> {
      if (!(error instanceof OperatingError) || error.kind !== 'rejected') return error;
      if (error.code === 'taxation-off') return explainTaxation(error, request);
      const isForbidden = error.code === NOT_PERMITTED || /^403$|45$/.test(error.code ?? '');
      return step.kind === 'unpost-invoice' && isForbidden ? explainUnposting(error) : error;
    },
  };
}
