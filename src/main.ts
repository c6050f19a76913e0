/** The command line: argv, environment, signals and exit codes. */
import { createProgram } from './cli/program.ts';

await createProgram().parseAsync(process.argv);
