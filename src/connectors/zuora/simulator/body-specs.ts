/** The fields that operations on accounts, contacts and invoices accept, by the request schemas of the OpenAPI core. */
import {
  date,
  dateTime,
  decimal,
  flag,
  integer,
  list,
  matching,
  object,
  oneOf,
  required,
  type Spec,
  text,
  texts,
} from './body.ts';

const CONTACT: Spec = {
  address1: text(255),
  address2: text(255),
  city: text(100),
  country: text(64),
  county: text(100),
  fax: text(40),
  firstName: text(100),
  homePhone: text(40),
  lastName: text(100),
  mobilePhone: text(100),
  nickname: text(100),
  otherPhone: text(40),
  otherPhoneType: oneOf('Work', 'Mobile', 'Home', 'Other'),
  personalEmail: text(80),
  state: text(100),
  taxRegion: text(100),
  workEmail: text(80),
  workPhone: text(40),
  zipCode: text(20),
};
const NAMED_CONTACT: Spec = {
  ...CONTACT,
  firstName: required(text(100)),
  lastName: required(text(100)),
};
const INLINE_CONTACT: Spec = { ...NAMED_CONTACT, city: text(40), county: text(32), mobilePhone: text(40) };
const CONTACT_ROLES: Spec = { asBillTo: flag, asShipTo: flag, asSoldTo: flag, contactDescription: text(100) };

export const CREATE_CONTACT: Spec = {
  ...NAMED_CONTACT,
  ...CONTACT_ROLES,
  accountId: text(64),
  accountNumber: text(70),
};
export const UPDATE_CONTACT: Spec = { ...CONTACT, ...CONTACT_ROLES };

const TAX_INFO = object({
  VATId: text(25),
  companyCode: text(50),
  exemptCertificateId: text(32),
  exemptCertificateType: text(32),
  exemptDescription: text(500),
  exemptEffectiveDate: date,
  exemptEntityUseCode: text(64),
  exemptExpirationDate: date,
  exemptIssuingJurisdiction: text(32),
  exemptStatus: oneOf('No', 'Yes', 'PendingVerification'),
});

const ACCOUNT_COMMON: Spec = {
  additionalEmailAddresses: texts,
  autoPay: flag,
  batch: text(50),
  billCycleDay: integer,
  communicationProfileId: text(64),
  creditMemoTemplateId: text(64),
  crmId: text(100),
  customerServiceRepName: text(50),
  debitMemoTemplateId: text(64),
  gatewayRoutingEligible: flag,
  invoiceDeliveryPrefsEmail: flag,
  invoiceDeliveryPrefsPrint: flag,
  invoiceTemplateId: text(64),
  name: text(255),
  notes: text(65_535),
  parentId: text(64),
  partnerAccount: flag,
  paymentGateway: text(64),
  paymentTerm: text(100),
  purchaseOrderNumber: text(100),
  salesRep: text(50),
  sequenceSetId: text(64),
  summaryStatementTemplateId: text(64),
  tagging: text(255),
  taxInfo: TAX_INFO,
};

export const CREATE_ACCOUNT: Spec = {
  ...ACCOUNT_COMMON,
  name: required(text(255)),
  accountNumber: text(70),
  applicationOrder: texts,
  applyCredit: flag,
  applyCreditBalance: flag,
  billToContact: required(object(NAMED_CONTACT)),
  collect: flag,
  creditMemoReasonCode: text(255),
  currency: required(text(3)),
  documentDate: date,
  organizationLabel: text(255),
  runBilling: flag,
  shipToContact: object(NAMED_CONTACT),
  shipToSameAsBillTo: flag,
  soldToContact: object(NAMED_CONTACT),
  soldToSameAsBillTo: flag,
  targetDate: date,
};

export const UPDATE_ACCOUNT: Spec = {
  ...ACCOUNT_COMMON,
  billToContact: object(CONTACT),
  billToContactId: text(64),
  defaultPaymentMethodId: text(64),
  profileNumber: text(64),
  shipToContact: object(CONTACT),
  shipToContactId: text(64),
  soldToContact: object(CONTACT),
  soldToContactId: text(64),
  tagging: text(255),
};

const ITEM_COMMON: Spec = {
  accountingCode: text(100),
  accountsReceivableAccountingCode: text(100),
  adjustmentLiabilityAccountingCode: text(100),
  adjustmentRevenueAccountingCode: text(100),
  amount: decimal,
  bookingReference: text(100),
  chargeDate: dateTime,
  chargeName: text(255),
  contractAssetAccountingCode: text(100),
  contractLiabilityAccountingCode: text(100),
  contractRecognizedRevenueAccountingCode: text(100),
  deferredRevenueAccountingCode: text(100),
  description: text(500),
  itemType: text(100),
  purchaseOrderNumber: text(100),
  recognizedRevenueAccountingCode: text(100),
  revRecCode: text(70),
  revRecTriggerCondition: oneOf('ContractEffectiveDate', 'ServiceActivationDate', 'CustomerAcceptanceDate'),
  revenueRecognitionRuleName: text(100),
  sku: text(255),
  unbilledReceivablesAccountingCode: text(100),
  unitPrice: decimal,
};

const TAX_ITEM: Spec = {
  exemptAmount: decimal,
  jurisdiction: text(255),
  locationCode: text(100),
  name: required(text(100)),
  taxAmount: required(decimal),
  taxCode: required(text(64)),
  taxCodeDescription: text(255),
  taxDate: required(date),
  taxMode: required(oneOf('TaxInclusive', 'TaxExclusive')),
  taxRate: required(decimal),
  taxRateDescription: text(255),
  taxRateType: required(oneOf('Percentage', 'FlatFee')),
};

const DISCOUNT_ITEM: Spec = {
  ...ITEM_COMMON,
  amount: required(decimal),
  productRatePlanChargeId: text(64),
  taxItems: list(TAX_ITEM, 5),
};

const ITEM_DETAIL: Spec = {
  ...ITEM_COMMON,
  excludeItemBillingFromRevenueAccounting: flag,
  productRatePlanChargeId: text(64),
  quantity: decimal,
  serviceEndDate: date,
  serviceStartDate: date,
  taxCode: text(64),
  taxMode: oneOf('TaxInclusive', 'TaxExclusive'),
  uom: text(25),
};

export const MAX_ITEMS = 1000;
export const TRANSFERRED = oneOf('Processing', 'Error', 'Ignore', 'Yes', 'No');
export const CUSTOM_RATES = list(
  { currency: required(text(3)), customFxRate: required(decimal), rateDate: date },
  2,
);

export const CREATE_INVOICE: Spec = {
  accountId: text(64),
  accountNumber: text(70),
  autoPay: flag,
  billToContact: object(INLINE_CONTACT),
  billToContactId: text(64),
  comments: text(255),
  communicationProfileId: text(64),
  currency: text(3),
  customRates: CUSTOM_RATES,
  dueDate: date,
  invoiceDate: required(date),
  invoiceItems: list(
    {
      ...ITEM_DETAIL,
      amount: required(decimal),
      serviceStartDate: required(date),
      discountItems: list(DISCOUNT_ITEM, 10),
      taxItems: list(TAX_ITEM, 5),
    },
    MAX_ITEMS,
  ),
  invoiceNumber: matching(/^[A-Za-z0-9_-]+$/, 32),
  paymentTerm: text(100),
  sequenceSet: text(64),
  shipToContact: object(INLINE_CONTACT),
  shipToContactId: text(64),
  shipToSameAsBillTo: flag,
  soldToContact: object(INLINE_CONTACT),
  soldToContactId: text(64),
  soldToSameAsBillTo: flag,
  status: oneOf('Draft', 'Posted'),
  templateId: text(64),
  transferredToAccounting: TRANSFERRED,
};

/** Refused while the Flexible Billing Attributes feature is off. */
export const FLEXIBLE_BILLING_FIELDS = [
  'billToContact',
  'billToContactId',
  'soldToContact',
  'soldToContactId',
  'shipToContact',
  'shipToContactId',
  'soldToSameAsBillTo',
  'shipToSameAsBillTo',
  'paymentTerm',
  'sequenceSet',
  'templateId',
] as const;

export const CREATE_INVOICES: Spec = {
  invoices: required(list(CREATE_INVOICE, 50)),
  useSingleTransaction: flag,
};

export const UPDATE_INVOICE: Spec = {
  autoPay: flag,
  comments: text(255),
  dueDate: date,
  invoiceDate: date,
  invoiceItems: list(
    {
      ...ITEM_DETAIL,
      id: text(64),
      delete: flag,
      discountItems: list({ ...DISCOUNT_ITEM, id: text(64) }, 10),
    },
    MAX_ITEMS,
  ),
  templateId: text(64),
  transferredToAccounting: oneOf('Processing', 'Yes', 'Error', 'Ignore'),
};

export const BULK_POST: Spec = {
  invoices: required(list({ id: required(text(64)), invoiceDate: date }, 50)),
};
export const EMPTY: Spec = {};
/** Of the CRUD page only what nothing else can do. */
export const INVOICE_STATUS: Spec = { Status: required(oneOf('Canceled')) };
export const REVERSE: Spec = {
  applyEffectiveDate: date,
  comment: text(255),
  memoDate: date,
  reasonCode: text(255),
};

export const WRITE_OFF: Spec = { comment: text(255), memoDate: date, reasonCode: text(255) };
