/** A scene whose profile is another one: boot programs that are not iPXE, further roots, files rendered for the machine. */
import { NODE, type Scene } from '../lab/scene.ts';
import type { LogRecord, ServerSetup } from '../lab/server.ts';

export interface Site {
  /** The only profile. */
  readonly profile: string;
  /** Path below the server's folder → text. */
  readonly texts?: Readonly<Record<string, string>>;
  /** Path below the server's folder → the file to copy there. */
  readonly copies?: Readonly<Record<string, string>>;
  /** Read-only roots after tftpboot, instead of Debian's iPXE. */
  readonly search?: readonly string[];
}

/** For openScene: the scene's folder with this site's files. */
export function site({ profile, texts, copies, search }: Site): (setup: ServerSetup) => ServerSetup {
  return (setup) => ({
    config: search === undefined ? setup.config : { ...setup.config, tftp: { search } },
    texts: { ...setup.texts, 'profiles/linux.yaml': profile, ...texts },
    copies: { ...setup.copies, ...copies },
  });
}

/** What NODE's kernel is told, as the profiles of these tests have it. */
export const NAMED = new RegExp(`\\bhostname=${NODE.name}\\b`);

/** The files that the scene's server has sent completely, in order. */
export function filesSent(scene: Scene, protocol: 'tftp' | 'http'): string[] {
  const sent = (record: LogRecord): boolean =>
    record.kind === 'transfer' && record.event === 'done' && record.protocol === protocol;
  return scene.server.records.all.filter(sent).map(({ file = '' }) => file);
}
