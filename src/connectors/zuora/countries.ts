/** Country names and codes as people write them, to ISO 3166-1 alpha-2. */

/** Alpha-2 and alpha-3 codes, ISO 3166-1. */
const CODES = `AD:AND AE:ARE AF:AFG AG:ATG AI:AIA AL:ALB AM:ARM AO:AGO AQ:ATA AR:ARG AS:ASM AT:AUT AU:AUS AW:ABW
AX:ALA AZ:AZE BA:BIH BB:BRB BD:BGD BE:BEL BF:BFA BG:BGR BH:BHR BI:BDI BJ:BEN BL:BLM BM:BMU BN:BRN BO:BOL BQ:BES
BR:BRA BS:BHS BT:BTN BV:BVT BW:BWA BY:BLR BZ:BLZ CA:CAN CC:CCK CD:COD CF:CAF CG:COG CH:CHE CI:CIV CK:COK CL:CHL
CM:CMR CN:CHN CO:COL CR:CRI CU:CUB CV:CPV CW:CUW CX:CXR CY:CYP CZ:CZE DE:DEU DJ:DJI DK:DNK DM:DMA DO:DOM DZ:DZA
EC:ECU EE:EST EG:EGY EH:ESH ER:ERI ES:ESP ET:ETH FI:FIN FJ:FJI FK:FLK FM:FSM FO:FRO FR:FRA GA:GAB GB:GBR GD:GRD
GE:GEO GF:GUF GG:GGY GH:GHA GI:GIB GL:GRL GM:GMB GN:GIN GP:GLP GQ:GNQ GR:GRC GS:SGS GT:GTM GU:GUM GW:GNB GY:GUY
HK:HKG HM:HMD HN:HND HR:HRV HT:HTI HU:HUN ID:IDN IE:IRL IL:ISR IM:IMN IN:IND IO:IOT IQ:IRQ IR:IRN IS:ISL IT:ITA
JE:JEY JM:JAM JO:JOR JP:JPN KE:KEN KG:KGZ KH:KHM KI:KIR KM:COM KN:KNA KP:PRK KR:KOR KW:KWT KY:CYM KZ:KAZ LA:LAO
LB:LBN LC:LCA LI:LIE LK:LKA LR:LBR LS:LSO LT:LTU LU:LUX LV:LVA LY:LBY MA:MAR MC:MCO MD:MDA ME:MNE MF:MAF MG:MDG
MH:MHL MK:MKD ML:MLI MM:MMR MN:MNG MO:MAC MP:MNP MQ:MTQ MR:MRT MS:MSR MT:MLT MU:MUS MV:MDV MW:MWI MX:MEX MY:MYS
MZ:MOZ NA:NAM NC:NCL NE:NER NF:NFK NG:NGA NI:NIC NL:NLD NO:NOR NP:NPL NR:NRU NU:NIU NZ:NZL OM:OMN PA:PAN PE:PER
PF:PYF PG:PNG PH:PHL PK:PAK PL:POL PM:SPM PN:PCN PR:PRI PS:PSE PT:PRT PW:PLW PY:PRY QA:QAT RE:REU RO:ROU RS:SRB
RU:RUS RW:RWA SA:SAU SB:SLB SC:SYC SD:SDN SE:SWE SG:SGP SH:SHN SI:SVN SJ:SJM SK:SVK SL:SLE SM:SMR SN:SEN SO:SOM
SR:SUR SS:SSD ST:STP SV:SLV SX:SXM SY:SYR SZ:SWZ TC:TCA TD:TCD TF:ATF TG:TGO TH:THA TJ:TJK TK:TKL TL:TLS TM:TKM
TN:TUN TO:TON TR:TUR TT:TTO TV:TUV TW:TWN TZ:TZA UA:UKR UG:UGA UM:UMI US:USA UY:URY UZ:UZB VA:VAT VC:VCT VE:VEN
VG:VGB VI:VIR VN:VNM VU:VUT WF:WLF WS:WSM YE:YEM YT:MYT ZA:ZAF ZM:ZMB ZW:ZWE`;

/** Names in use besides the present English one. */
const ALSO: ReadonlyArray<readonly [string, string]> = [
  ['US', 'United States of America; USA; U.S.; U.S.A.; America; The United States'],
  ['GB', 'UK; U.K.; Great Britain; Britain; England; Scotland; Wales; Northern Ireland'],
  ['GB', 'United Kingdom of Great Britain and Northern Ireland'],
  ['AE', 'UAE; U.A.E.; Emirates'],
  ['BA', 'Bosnia; Bosnia-Herzegovina'],
  ['BN', 'Brunei Darussalam'],
  ['BO', 'Plurinational State of Bolivia'],
  ['BS', 'The Bahamas'],
  ['CD', 'Congo-Kinshasa; Democratic Republic of the Congo; DR Congo; Congo, The Democratic Republic of the'],
  ['CG', 'Congo; Congo-Brazzaville; Republic of the Congo'],
  ['CI', 'Ivory Coast'],
  ['CN', "People's Republic of China; Mainland China"],
  ['CV', 'Cabo Verde'],
  ['CZ', 'Czech Republic'],
  ['DE', 'Deutschland'],
  ['ES', 'España'],
  ['FK', 'Falkland Islands (Malvinas)'],
  ['FM', 'Federated States of Micronesia'],
  ['GM', 'The Gambia'],
  ['HK', 'Hong Kong'],
  ['IE', 'Republic of Ireland; Eire'],
  ['IR', 'Islamic Republic of Iran'],
  ['KP', "Democratic People's Republic of Korea"],
  ['KR', 'Korea; Republic of Korea; Korea (South)'],
  ['LA', "Lao People's Democratic Republic"],
  ['MD', 'Republic of Moldova'],
  ['MK', 'Macedonia; Republic of Macedonia'],
  ['MM', 'Burma'],
  ['MO', 'Macau; Macao'],
  ['NL', 'Holland; The Netherlands'],
  ['PH', 'The Philippines'],
  ['PS', 'Palestine; State of Palestine'],
  ['RU', 'Russian Federation'],
  ['SY', 'Syrian Arab Republic'],
  ['SZ', 'Swaziland'],
  ['TL', 'East Timor'],
  ['TR', 'Turkey'],
  ['TW', 'Taiwan; Taiwan, Province of China'],
  ['TZ', 'United Republic of Tanzania'],
  ['VA', 'Vatican; Holy See'],
  ['VE', 'Bolivarian Republic of Venezuela'],
  ['VG', 'Virgin Islands (British)'],
  ['VI', 'Virgin Islands (U.S.); US Virgin Islands'],
  ['VN', 'Viet Nam'],
];

/** Accents, case, "and"/"&", "St."/"Saint" and punctuation make no difference. */
function keyOf(name: string): string {
  return name
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll('&', ' and ')
    .replaceAll(/[.'’]/g, '')
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .replaceAll(/\bst\b/g, 'saint')
    .trim();
}

function codesByKey(): ReadonlyMap<string, string> {
  const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
  const codes = new Map<string, string>();
  for (const pair of CODES.split(/\s+/)) {
    const [alpha2 = '', alpha3 = ''] = pair.split(':');
    const name = names.of(alpha2);
    for (const written of [alpha2, alpha3, name ?? alpha2]) codes.set(keyOf(written), alpha2);
  }
  for (const [alpha2, list] of ALSO) {
    for (const name of list.split(';')) codes.set(keyOf(name), alpha2);
  }
  return codes;
}

const CODE_BY_KEY = codesByKey();

/** "United States", "usa", "US" or "Korea, Republic of" -> a code; undefined for what is no country we know. */
export function toCountryCode(country: string): string | undefined {
  const turned = country.split(',').reverse().join(' ');
  for (const key of [keyOf(country), keyOf(turned)]) {
    const code = CODE_BY_KEY.get(key) ?? CODE_BY_KEY.get(key.replace(/^the /, ''));
    if (code !== undefined) return code;
  }
  return undefined;
}
