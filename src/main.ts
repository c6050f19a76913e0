/** The command line: argv, environment, signals and exit codes. */
import { createProgram } from './cli/program.ts';

// What ps shows, and what is told to whoever finds port 67 taken by us.
process.title = 'pilotlight';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // `pilotlight leases export | head` has read enough; that is nobody's fault.
  if (error.code === 'EPIPE') return;
  process.stderr.write(`pilotlight: cannot write to stdout: ${error.message}\n`);
  process.exitCode = 1;
});

await createProgram().parseAsync(process.argv);
