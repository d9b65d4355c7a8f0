/** The parts of Zuora's settings that a check looks at; their shape is documented by samples only. */
import { z } from 'zod';

const rows = <Row extends z.ZodType>(row: Row) => z.array(row);

export const currencySettingsSchema = rows(
  z.looseObject({ currencyCode: z.string(), active: z.boolean().nullish() }),
);

export const paymentTermsSchema = rows(
  z.looseObject({
    name: z.string(),
    isActive: z.boolean().nullish(),
    type: z.string().nullish(),
    intervalType: z.string().nullish(),
    intervalNumber: z.string().nullish(),
  }),
);

export const prefixSettingsSchema = rows(
  z.looseObject({ documentType: z.string().nullish(), prefix: z.string().nullish() }),
);

export const featureSettingsSchema = rows(
  z.looseObject({ featureName: z.string().nullish(), status: z.string().nullish() }),
);

export const billingRulesSchema = z.looseObject({ invoiceItemSettlement: z.boolean().nullish() });

export const periodsSchema = z.looseObject({
  accountingPeriods: z
    .array(
      z.looseObject({
        name: z.string(),
        startDate: z.string(),
        endDate: z.string(),
        status: z.string().nullish(),
      }),
    )
    .default([]),
  nextPage: z.string().nullish(),
});
