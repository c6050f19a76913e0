/** The command line: argv, environment, signals and exit codes. */
import { createProgram } from './cli/program.ts';

// What ps shows, and what is told to whoever finds port 67 taken by us.
process.title = 'pilotlight';

await createProgram().parseAsync(process.argv);
