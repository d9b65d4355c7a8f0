/** The registry: one line for each connector. */
import type { DestinationManifest, SourceManifest } from '../core/ports.ts';
import { freshbooks } from './freshbooks/index.ts';
import { zuora } from './zuora/index.ts';

export const sources: readonly SourceManifest[] = [freshbooks];
export const destinations: readonly DestinationManifest[] = [zuora];
