/** How the demo looks: one line an event, each with its seconds since power on. */
import { styleText } from 'node:util';
import type { LogRecord } from '../../tests/lab/server.ts';
import type { Stage } from './stages.ts';

const PINO_INFO = 30;
/** Columns before the text of a line, and what its text gets on the narrowest terminal. */
const PREFIX_WIDTH = 18;
const MIN_ROOM = 40;
const PXE_PORT = 4011;
/** Of the kernel's hundreds of lines the first ones are shown, and where it hands over to init. */
const KERNEL_LINES = 10;

export interface Screen {
  /** A line of the demo itself. */
  say(text: string): void;
  /** From now on times count from here: Unix milliseconds. */
  powerOn(at: number): void;
  server(record: LogRecord): void;
  machine(at: number, text: string): void;
  /** A line of the foreign DHCP server's log. */
  foreign(at: number, text: string): void;
  summary(stages: readonly Stage[]): void;
}

type Style = Parameters<typeof styleText>[0];

function sizeOf({ bytes, milliseconds }: LogRecord): string {
  if (bytes === undefined) return '';
  const size = bytes < 1 << 20 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`;
  return milliseconds === undefined ? size : `${size} in ${(milliseconds / 1000).toFixed(2)} s`;
}

/** Colours only where a terminal shows them. */
export function createScreen(output: NodeJS.WriteStream): Screen {
  let poweredOnAt = Date.now();
  let kernelLines = 0;

  const paint = (style: Style, text: string): string => styleText(style, text, { stream: output });
  const seconds = (at: number): string => ((at - poweredOnAt) / 1000).toFixed(2).padStart(7);
  const fit = (text: string): string => {
    // Not a terminal, or one that does not say how wide it is: nothing is cut.
    const { columns = 0 } = output;
    const room = Math.max(columns - PREFIX_WIDTH, MIN_ROOM);
    return columns > 0 && text.length > room ? `${text.slice(0, room - 1)}…` : text;
  };
  function line(at: number, who: string, text: string, style: Style): void {
    output.write(`${paint('dim', seconds(at))}  ${who.padEnd(7)}  ${paint(style, fit(text))}\n`);
  }
  const isNoise = (text: string): boolean => {
    if (!text.startsWith('[')) return text.trim() === '';
    kernelLines += 1;
    return kernelLines > KERNEL_LINES && !text.includes('Run /init');
  };

  return {
    say: (text) => void output.write(`${text}\n`),
    powerOn(at) {
      poweredOnAt = at;
      line(at, 'machine', 'power on', 'bold');
    },
    server(record) {
      if (record.level < PINO_INFO) return;
      const size = sizeOf(record);
      const port = record.port === PXE_PORT ? `, port ${PXE_PORT}` : '';
      line(record.time, 'server', `${record.msg}${port}${size === '' ? '' : `, ${size}`}`, 'cyan');
      for (const detail of [record.reason ?? '', ...(record.diagnostics ?? [])]) {
        if (detail !== '') output.write(`${' '.repeat(PREFIX_WIDTH)}${paint('dim', fit(detail))}\n`);
      }
    },
    machine(at, text) {
      if (isNoise(text)) return;
      if (kernelLines > KERNEL_LINES && text.includes('Run /init')) {
        line(at, 'machine', `… ${kernelLines - KERNEL_LINES - 1} more lines of the kernel …`, 'dim');
      }
      line(at, 'machine', text, 'reset');
    },
    foreign(at, text) {
      const [, event] = /\b(DHCP(?:OFFER|ACK)\(.*)$/.exec(text) ?? [];
      if (event !== undefined) line(at, 'foreign', event, 'yellow');
    },
    summary(stages) {
      output.write(`\n${paint('bold', 'Where the time went'.padEnd(48))}   took       at\n`);
      let begun = poweredOnAt;
      for (const { name, endedAt } of stages) {
        const took = ((endedAt - begun) / 1000).toFixed(2).padStart(7);
        output.write(`  ${name.padEnd(46)}${took} s ${seconds(endedAt)} s\n`);
        begun = endedAt;
      }
    },
  };
}
