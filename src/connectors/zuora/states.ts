/** States of the US and provinces of Canada: the sub-regions that every Zuora tenant validates. */

/** USPS codes, territories and military included. */
const US = `AL Alabama;AK Alaska;AZ Arizona;AR Arkansas;CA California;CO Colorado;CT Connecticut;DE Delaware;
DC District of Columbia;FL Florida;GA Georgia;HI Hawaii;ID Idaho;IL Illinois;IN Indiana;IA Iowa;KS Kansas;KY Kentucky;
LA Louisiana;ME Maine;MD Maryland;MA Massachusetts;MI Michigan;MN Minnesota;MS Mississippi;MO Missouri;MT Montana;
NE Nebraska;NV Nevada;NH New Hampshire;NJ New Jersey;NM New Mexico;NY New York;NC North Carolina;ND North Dakota;
OH Ohio;OK Oklahoma;OR Oregon;PA Pennsylvania;RI Rhode Island;SC South Carolina;SD South Dakota;TN Tennessee;TX Texas;
UT Utah;VT Vermont;VA Virginia;WA Washington;WV West Virginia;WI Wisconsin;WY Wyoming;AS American Samoa;GU Guam;
MP Northern Mariana Islands;PR Puerto Rico;VI Virgin Islands;AA Armed Forces Americas;AE Armed Forces Europe;
AP Armed Forces Pacific;DC Washington DC`;

const CA = `AB Alberta;BC British Columbia;MB Manitoba;NB New Brunswick;NL Newfoundland and Labrador;NL Newfoundland;
NS Nova Scotia;NT Northwest Territories;NU Nunavut;ON Ontario;PE Prince Edward Island;PE PEI;QC Quebec;QC PQ;
SK Saskatchewan;YT Yukon;YT Yukon Territory`;

const STATES: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  ['US', byKey(US)],
  ['CA', byKey(CA)],
]);

function byKey(list: string): ReadonlyMap<string, string> {
  const codes = new Map<string, string>();
  for (const entry of list.split(';')) {
    const [, code = '', name = ''] = /^\s*(\w\w) (.+)$/s.exec(entry) ?? [];
    codes.set(keyOf(code), code);
    codes.set(keyOf(name), code);
  }
  return codes;
}

function keyOf(name: string): string {
  return name
    .normalize('NFD')
    .replaceAll(/[^A-Za-z]/g, '')
    .toLowerCase();
}

/**
 * The code for a US state or a Canadian province, undefined when there is none. Other countries have sub-regions only
 * where an administrator has set them up: their text is left as it is.
 */
export function toState(countryCode: string, region: string): string | undefined {
  const states = STATES.get(countryCode);
  return states === undefined ? region : states.get(keyOf(region));
}
