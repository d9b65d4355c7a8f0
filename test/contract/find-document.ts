/** Where the official OpenAPI core is: ZUORA_OPENAPI, or beside the repository; undefined where it is not at hand. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export function findOpenApi(): string | undefined {
  const path =
    process.env['ZUORA_OPENAPI'] ??
    fileURLToPath(new URL('../../../shared/contracts/zuora-openapi-core.json', import.meta.url));
  return existsSync(path) ? path : undefined;
}
