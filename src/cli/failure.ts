/** Failures that an operator can mend: told in a sentence and a hint, without a stack. */
import { StoreUnavailable } from '../leases/store.ts';
import { ControlFailed } from './control.ts';

/** Runs a command's work; when it fails so, tells why and sets the exit code. */
export async function tellFailure(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof StoreUnavailable || error instanceof ControlFailed)) throw error;
    const hint = error.hint === undefined ? '' : `    hint: ${error.hint}\n`;
    process.stderr.write(`pilotlight: ${error.message}\n${hint}`);
    process.exitCode = 1;
  }
}
