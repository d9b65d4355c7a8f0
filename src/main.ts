/** The executable: picks a CLI verb. */
import { runCli } from './cli/program.ts';

await runCli(process.argv);
