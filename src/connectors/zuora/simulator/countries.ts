/** Which country and state texts a contact may carry: names and ISO codes, states of the US and Canada. */

const ISO3_BY_ISO2: ReadonlyMap<string, string> = new Map(
  (
    'AF:AFG AX:ALA AL:ALB DZ:DZA AS:ASM AD:AND AO:AGO AI:AIA AQ:ATA AG:ATG AR:ARG AM:ARM AW:ABW AU:AUS AT:AUT AZ:AZE ' +
    'BS:BHS BH:BHR BD:BGD BB:BRB BY:BLR BE:BEL BZ:BLZ BJ:BEN BM:BMU BT:BTN BO:BOL BQ:BES BA:BIH BW:BWA BV:BVT BR:BRA ' +
    'IO:IOT BN:BRN BG:BGR BF:BFA BI:BDI KH:KHM CM:CMR CA:CAN CV:CPV KY:CYM CF:CAF TD:TCD CL:CHL CN:CHN CX:CXR CC:CCK ' +
    'CO:COL KM:COM CG:COG CD:COD CK:COK CR:CRI CI:CIV HR:HRV CU:CUB CW:CUW CY:CYP CZ:CZE DK:DNK DJ:DJI DM:DMA DO:DOM ' +
    'EC:ECU EG:EGY SV:SLV GQ:GNQ ER:ERI EE:EST SZ:SWZ ET:ETH FK:FLK FO:FRO FJ:FJI FI:FIN FR:FRA GF:GUF PF:PYF TF:ATF ' +
    'GA:GAB GM:GMB GE:GEO DE:DEU GH:GHA GI:GIB GR:GRC GL:GRL GD:GRD GP:GLP GU:GUM GT:GTM GG:GGY GN:GIN GW:GNB GY:GUY ' +
    'HT:HTI HM:HMD VA:VAT HN:HND HK:HKG HU:HUN IS:ISL IN:IND ID:IDN IR:IRN IQ:IRQ IE:IRL IM:IMN IL:ISR IT:ITA JM:JAM ' +
    'JP:JPN JE:JEY JO:JOR KZ:KAZ KE:KEN KI:KIR KP:PRK KR:KOR KW:KWT KG:KGZ LA:LAO LV:LVA LB:LBN LS:LSO LR:LBR LY:LBY ' +
    'LI:LIE LT:LTU LU:LUX MO:MAC MG:MDG MW:MWI MY:MYS MV:MDV ML:MLI MT:MLT MH:MHL MQ:MTQ MR:MRT MU:MUS YT:MYT MX:MEX ' +
    'FM:FSM MD:MDA MC:MCO MN:MNG ME:MNE MS:MSR MA:MAR MZ:MOZ MM:MMR NA:NAM NR:NRU NP:NPL NL:NLD NC:NCL NZ:NZL NI:NIC ' +
    'NE:NER NG:NGA NU:NIU NF:NFK MK:MKD MP:MNP NO:NOR OM:OMN PK:PAK PW:PLW PS:PSE PA:PAN PG:PNG PY:PRY PE:PER PH:PHL ' +
    'PN:PCN PL:POL PT:PRT PR:PRI QA:QAT RE:REU RO:ROU RU:RUS RW:RWA BL:BLM SH:SHN KN:KNA LC:LCA MF:MAF PM:SPM VC:VCT ' +
    'WS:WSM SM:SMR ST:STP SA:SAU SN:SEN RS:SRB SC:SYC SL:SLE SG:SGP SX:SXM SK:SVK SI:SVN SB:SLB SO:SOM ZA:ZAF GS:SGS ' +
    'SS:SSD ES:ESP LK:LKA SD:SDN SR:SUR SJ:SJM SE:SWE CH:CHE SY:SYR TW:TWN TJ:TJK TZ:TZA TH:THA TL:TLS TG:TGO TK:TKL ' +
    'TO:TON TT:TTO TN:TUN TR:TUR TM:TKM TC:TCA TV:TUV UG:UGA UA:UKR AE:ARE GB:GBR US:USA UM:UMI UY:URY UZ:UZB VU:VUT ' +
    'VE:VEN VN:VNM VG:VGB VI:VIR WF:WLF EH:ESH YE:YEM ZM:ZMB ZW:ZWE'
  )
    .split(' ')
    .map((pair) => [pair.slice(0, 2), pair.slice(3)] as const),
);

const NAMES = new Intl.DisplayNames('en', { type: 'region' });
const ISO2_BY_TEXT: ReadonlyMap<string, string> = new Map(
  [...ISO3_BY_ISO2].flatMap(([iso2, iso3]) =>
    [iso2, iso3, NAMES.of(iso2) ?? iso2].map((text) => [text.toLowerCase(), iso2] as const),
  ),
);

const STATES: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [
    'US',
    statesOf(
      'AL=Alabama AK=Alaska AZ=Arizona AR=Arkansas CA=California CO=Colorado CT=Connecticut DE=Delaware ' +
        'DC=District_of_Columbia FL=Florida GA=Georgia HI=Hawaii ID=Idaho IL=Illinois IN=Indiana IA=Iowa KS=Kansas ' +
        'KY=Kentucky LA=Louisiana ME=Maine MD=Maryland MA=Massachusetts MI=Michigan MN=Minnesota MS=Mississippi ' +
        'MO=Missouri MT=Montana NE=Nebraska NV=Nevada NH=New_Hampshire NJ=New_Jersey NM=New_Mexico NY=New_York ' +
        'NC=North_Carolina ND=North_Dakota OH=Ohio OK=Oklahoma OR=Oregon PA=Pennsylvania RI=Rhode_Island ' +
        'SC=South_Carolina SD=South_Dakota TN=Tennessee TX=Texas UT=Utah VT=Vermont VA=Virginia WA=Washington ' +
        'WV=West_Virginia WI=Wisconsin WY=Wyoming PR=Puerto_Rico GU=Guam VI=Virgin_Islands AS=American_Samoa',
    ),
  ],
  [
    'CA',
    statesOf(
      'AB=Alberta BC=British_Columbia MB=Manitoba NB=New_Brunswick NL=Newfoundland_and_Labrador ' +
        'NT=Northwest_Territories NS=Nova_Scotia NU=Nunavut ON=Ontario PE=Prince_Edward_Island QC=Quebec ' +
        'SK=Saskatchewan YT=Yukon',
    ),
  ],
]);

function statesOf(table: string): ReadonlySet<string> {
  return new Set(table.split(' ').flatMap((pair) => pair.toLowerCase().replaceAll('_', ' ').split('=')));
}

/** The problem with a contact's country and state, or undefined where both are fine. */
export function placeProblem(country: string | undefined, state: string | undefined): string | undefined {
  if (country === undefined || country === '') return undefined;
  const iso2 = ISO2_BY_TEXT.get(country.toLowerCase());
  if (iso2 === undefined) return `The country '${country}' is not a valid country name or code.`;
  const states = STATES.get(iso2);
  if (states === undefined || state === undefined || state === '' || states.has(state.toLowerCase()))
    return undefined;
  return `The state '${state}' is not a valid state or province of ${country}.`;
}
