/** The FreshBooks connector, described as data. */
import type { SourceManifest } from '../../core/ports.ts';
import { consent } from './consent.ts';
import { fields, ORIGINS } from './settings.ts';
import { simulator } from './simulator-manifest.ts';
import { createSource } from './source.ts';
import { webhooks } from './webhook.ts';

export const freshbooks: SourceManifest = {
  id: 'freshbooks',
  label: 'FreshBooks',
  side: 'source',
  fields,
  identitySettings: ['accountId'],
  origins: ORIGINS,
  notSecret: ['expiresAt', 'refreshLostAt'],
  webhooks,
  consent,
  simulator,
  create: createSource,
};
