/** Names, places, taxes and services from which believable company activity is drawn. */
import type { Tax } from './arithmetic.ts';

export type Place = {
  city: string;
  province: string;
  code: string;
  country: string;
  street: string;
  language: string;
  currency: string;
  /** Tax combinations usual there; an empty one is a line without tax. */
  taxes: readonly (readonly Tax[])[];
};

const GST: Tax = { name: 'GST', percent: '5' };
const QST: Tax = { name: 'QST', percent: '9.975' };
const HST: Tax = { name: 'HST', percent: '13' };
const PST: Tax = { name: 'PST', percent: '7' };
const vat = (percent: string): readonly Tax[] => [{ name: 'VAT', percent }];
const salesTax = (percent: string): readonly Tax[] => [{ name: 'Sales Tax', percent }];

const place = (
  currency: string,
  country: string,
  language: string,
  [city, province, code, street]: readonly [string, string, string, string],
  ...taxes: (readonly Tax[])[]
): Place => ({ city, province, code, country, street, language, currency, taxes });

export const PLACES: readonly Place[] = [
  place(
    'USD',
    'United States',
    'en',
    ['Brooklyn', 'New York', '11201', '88 Water Street'],
    salesTax('8.875'),
    [],
  ),
  place('USD', 'United States', 'en', ['Portland', 'Oregon', '97209', '1120 NW Couch Street'], []),
  place('USD', 'United States', 'en', ['Austin', 'Texas', '78701', '305 E 5th Street'], salesTax('8.25'), []),
  place(
    'USD',
    'United States',
    'en',
    ['Boston', 'Massachusetts', '02110', '9 Broad Street'],
    salesTax('6.25'),
    [],
  ),
  place('CAD', 'Canada', 'fr', ['Montréal', 'Quebec', 'H2Y 1C6', '350 rue Saint-Paul Est'], [GST, QST]),
  place(
    'CAD',
    'Canada',
    'fr',
    ['Québec', 'Quebec', 'G1R 4P5', '12 rue Saint-Jean'],
    [GST, QST],
    [GST, QST],
    [],
  ),
  place('CAD', 'Canada', 'en', ['Toronto', 'Ontario', 'M5V 2T6', '401 Richmond Street West'], [HST]),
  place('CAD', 'Canada', 'en', ['Calgary', 'Alberta', 'T2P 1J9', '220 8 Avenue SW'], [GST]),
  place(
    'CAD',
    'Canada',
    'en',
    ['Vancouver', 'British Columbia', 'V6B 1A1', '55 Powell Street'],
    [GST, PST],
    [GST],
  ),
  place('EUR', 'France', 'fr', ['Lyon', 'Rhône', '69002', '14 rue de la République'], vat('20'), vat('10')),
  place(
    'EUR',
    'Germany',
    'de',
    ['Köln', 'Nordrhein-Westfalen', '50667', 'Hohe Straße 41'],
    vat('19'),
    vat('7'),
  ),
  place('EUR', 'Netherlands', 'nl', ['Utrecht', 'Utrecht', '3511 LX', 'Oudegracht 112'], vat('21')),
  place('EUR', 'Ireland', 'en', ['Galway', 'Galway', 'H91 X4E9', '7 Quay Street'], vat('23'), vat('13.5')),
  place('GBP', 'United Kingdom', 'en', ['Bristol', 'Bristol', 'BS1 4ST', '22 Welsh Back'], vat('20')),
  place('JPY', 'Japan', 'en', ['Osaka', 'Osaka', '530-0001', '2-4 Umeda'], vat('10')),
  place('KWD', 'Kuwait', 'en', ['Kuwait City', 'Al Asimah', '15000', 'Fahad Al Salem Street'], []),
  place('CHF', 'Switzerland', 'de', ['Zürich', 'Zürich', '8001', 'Bahnhofstrasse 12'], vat('8.1')),
];

export const FIRST_NAMES =
  'Ada Amélie Björn Carlos Chloé Daniel Elena Farid Grace Hanna Inès Jonas Keiko Liam Maya Noor Oscar Priya Quentin Rosa Sofía Tomás Uma Zoë'.split(
    ' ',
  );

export const LAST_NAMES =
  'Almeida Bouchard Chen Dubois Eriksen Fournier García Hughes Ito Jansen Kowalski Lefèvre Müller Nguyen O’Brien Patel Quinn Rossi Schmidt Tremblay Vance Weiss Young Zhang'.split(
    ' ',
  );

export const COMPANY_STEMS =
  'Alder Birchwood Cedar Driftwood Evergreen Foxglove Granite Harbour Ironside Juniper Kestrel Lantern Meridian Northwind Oakline Pinecrest Quarry Ridgeway Saltmarsh Tamarack Umber Vantage Willow Yarrow'.split(
    ' ',
  );

export const COMPANY_KINDS = [
  'Architects',
  'Bakery',
  'Brewing Co.',
  'Clinic',
  'Coffee Roasters',
  'Dental',
  'Films',
  'Gallery',
  'Landscaping',
  'Law Group',
  'Logistics',
  'Outfitters',
  'Press',
  'Robotics',
  'Yoga & Pilates',
];

export type Service = {
  name: string;
  description: string;
  /** Hours may be fractional. */
  unit: 'hour' | 'piece';
  lowest: number;
  highest: number;
};

export const SERVICES: readonly Service[] = [
  {
    name: 'Brand workshop',
    description: 'Half-day session with the team',
    unit: 'piece',
    lowest: 450,
    highest: 1800,
  },
  { name: 'Design', description: 'Layout and visual design', unit: 'hour', lowest: 70, highest: 140 },
  { name: 'Development', description: 'Front-end development', unit: 'hour', lowest: 85, highest: 165 },
  { name: 'Copywriting', description: 'Website and newsletter texts', unit: 'hour', lowest: 45, highest: 95 },
  {
    name: 'Project management',
    description: 'Planning and weekly calls',
    unit: 'hour',
    lowest: 60,
    highest: 120,
  },
  { name: 'Hosting', description: 'Managed hosting, one month', unit: 'piece', lowest: 19, highest: 149 },
  {
    name: 'Photography',
    description: 'Product photographs, edited',
    unit: 'piece',
    lowest: 35,
    highest: 220,
  },
  {
    name: 'Print run',
    description: 'Brochures, 16 pages, recycled paper',
    unit: 'piece',
    lowest: 120,
    highest: 900,
  },
  { name: 'Accessibility audit', description: 'WCAG 2.2 AA review', unit: 'hour', lowest: 90, highest: 150 },
  {
    name: 'Illustration',
    description: 'Spot illustrations “à la carte”',
    unit: 'piece',
    lowest: 80,
    highest: 400,
  },
  {
    name: 'Support retainer',
    description: 'Monthly support, best effort',
    unit: 'piece',
    lowest: 200,
    highest: 950,
  },
];

export const PAYMENT_TYPES = [
  'Bank Transfer',
  'Check',
  'Credit Card',
  'VISA',
  'MASTERCARD',
  'ACH',
  'PayPal',
  'Cash',
  'Other',
];
export const DUE_OFFSETS = [0, 15, 30, 30, 30, 45];
export const DISCOUNTS = ['5', '7.5', '10', '15'];
