/** Guarantees of countries and states (K8). */
import { describe, expect, it } from 'vitest';
import { toCountryCode } from './countries.ts';
import { toState } from './states.ts';

describe('countries', () => {
  it('K8 a country is known by code, by name and by the names in use', () => {
    const cases: ReadonlyArray<readonly [string, string]> = [
      ['United States', 'US'],
      ['usa', 'US'],
      ['U.S.A.', 'US'],
      ['GBR', 'GB'],
      ['England', 'GB'],
      ['Korea, Republic of', 'KR'],
      ['South Korea', 'KR'],
      ["Côte d'Ivoire", 'CI'],
      ['Cote d’Ivoire', 'CI'],
      ['Czech Republic', 'CZ'],
      ['The Netherlands', 'NL'],
      ['Türkiye', 'TR'],
      ['Turkey', 'TR'],
      ['Saint Lucia', 'LC'],
      ['St. Lucia', 'LC'],
      ['Trinidad and Tobago', 'TT'],
      ['Viet Nam', 'VN'],
      ['Hong Kong', 'HK'],
    ];
    for (const [written, code] of cases) expect(toCountryCode(written), written).toBe(code);
  });

  it('K8 what is no country stays unmatched', () => {
    for (const written of ['Atlantis', 'XX', 'United', '']) expect(toCountryCode(written)).toBeUndefined();
  });
});

describe('states', () => {
  it('K8 US states and Canadian provinces become codes, others are unmatched there and free elsewhere', () => {
    expect(toState('US', 'california')).toBe('CA');
    expect(toState('US', 'N.Y.')).toBe('NY');
    expect(toState('CA', 'Québec')).toBe('QC');
    expect(toState('US', 'Ontario')).toBeUndefined();
    expect(toState('DE', 'Bayern')).toBe('Bayern');
  });
});
