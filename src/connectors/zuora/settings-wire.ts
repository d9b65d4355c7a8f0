/** The parts of Zuora's settings that are read, in every shape on record (facts, sections 9 and 12). */
import { z } from 'zod';

/** A list by itself, or as the one member that the schema gives it. */
function listed<Row extends z.ZodType>(member: string, row: Row) {
  const rows = z.array(row);
  const wrapped = z.looseObject({ [member]: rows }).transform((page) => rows.parse(page[member]));
  return z.union([rows, wrapped]);
}

export const currencySettingsSchema = listed(
  'currencies',
  z.looseObject({ currencyCode: z.string(), active: z.boolean().nullish() }),
);

/** The unit goes by two names. */
export const paymentTermsSchema = listed(
  'paymentTerms',
  z.looseObject({
    name: z.string(),
    isActive: z.boolean().nullish(),
    type: z.string().nullish(),
    intervalType: z.string().nullish(),
    intervalUnit: z.string().nullish(),
    intervalNumber: z.string().nullish(),
  }),
);

export const taxCodesSchema = listed(
  'taxCodes',
  z.looseObject({ name: z.string(), active: z.boolean().nullish() }),
);

const prefixRow = z.looseObject({ documentType: z.string(), prefix: z.string().nullish() });
const numbering = z.looseObject({ prefix: z.string().nullish() });

/** One object by kind of document, or a list of rows; the account's own prefix is only in the list. */
export const prefixSettingsSchema = z.union([
  z.array(prefixRow).transform((rows) => {
    const of = (type: string) => rows.find(({ documentType }) => documentType === type)?.prefix ?? undefined;
    return { invoice: of('Invoice'), account: of('Account') };
  }),
  z
    .looseObject({ invoice: numbering })
    .transform(({ invoice }) => ({ invoice: invoice.prefix ?? undefined, account: undefined })),
]);

/** So spelled. */
export const numbersSchema = z.looseObject({ billingAccountprefix: z.string() });

export const entityProfileSchema = z.looseObject({ timeZone: z.string().min(1) });

export const featureSettingsSchema = listed(
  'features',
  z.looseObject({ featureName: z.string(), status: z.string().nullish() }),
);

/** The member is in the prose and not in the schema: its absence says nothing. */
export const billingRulesSchema = z.looseObject({ invoiceItemSettlement: z.boolean().nullish() });

/** The last period is open and has no end. */
export const periodsSchema = z.looseObject({
  accountingPeriods: z
    .array(
      z.looseObject({
        name: z.string(),
        startDate: z.string(),
        endDate: z.string().nullish(),
        status: z.string().nullish(),
      }),
    )
    .default([]),
  nextPage: z.string().nullish(),
});
