/** Checks the import rules of .dependency-cruiser.cjs, and that they were applied to the whole of the code. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { cruise, type IConfiguration, type ICruiseResult } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';

/** Without a compiler that it understands, dependency-cruiser finds nothing and is content. */
const FEWEST_MODULES = 150;

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const config = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as IConfiguration;
const { output } = await cruise(
  ['src', 'web/src', 'test', 'bench', 'bin'],
  { ...config.options, ruleSet: { forbidden: config.forbidden ?? [] }, validate: true },
  undefined,
  { tsConfig: extractTSConfig('tsconfig.json') },
);
const { modules, summary } = output as ICruiseResult;
const ours = modules.filter(({ source }) => /^(src|web|test)\//.test(source));
const found = summary.violations.filter(({ rule }) => rule.severity === 'error');
for (const { rule, from, to, cycle } of found) {
  const path = cycle ? cycle.map(({ name }) => name).join(' -> ') : to;
  console.error(`${rule.name}: ${from} -> ${path}`);
}
const tooFew = ours.length < FEWEST_MODULES;
if (tooFew)
  console.error(`Only ${ours.length} modules were looked at; at least ${FEWEST_MODULES} are expected.`);
if (found.length > 0 || tooFew) process.exitCode = 1;
else
  console.log(
    `boundaries: ${ours.length} modules, ${summary.totalDependenciesCruised ?? 0} imports, ${config.forbidden?.length ?? 0} rules kept`,
  );
