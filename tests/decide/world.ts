/** A small world for decisions: one subnet, profiles and machines made in code, no clock. */
import type { Arch } from '../../src/boot/arch.ts';
import { KNOWN_QUIRKS } from '../../src/boot/known-quirks.ts';
import type { Mode } from '../../src/config/model.ts';
import type { World } from '../../src/decide/decision.ts';
import { createLeaseTable } from '../../src/leases/table.ts';
import type { BootMethod, Machine, Profile, Template } from '../../src/profiles/model.ts';
import { createTemplateCompiler, isTemplate } from '../../src/profiles/template.ts';
import { NOW, subnet } from '../leases/rules.ts';

const POSITION = { file: 'test.yaml', line: 1, column: 1 };

export function template(source: string): Template {
  const compiled = createTemplateCompiler().compile(source, (line, column) => ({
    file: 'test.yaml',
    line,
    column,
  }));
  if (!isTemplate(compiled)) throw new Error(compiled.message);
  return compiled;
}

export function kernelBoot(cmdline = ''): Extract<BootMethod, { kind: 'kernel' }> {
  return {
    kind: 'kernel',
    kernel: template('debian/vmlinuz'),
    initrd: [template('debian/initrd.gz')],
    cmdline: template(cmdline),
  };
}

export function profile(name: string, more: Partial<Profile> = {}): Profile {
  return {
    name,
    priority: 0,
    match: {},
    boot: kernelBoot(),
    firmware: new Map<Arch, string>(),
    options: new Map(),
    vars: {},
    files: new Map(),
    tests: [],
    position: POSITION,
    ...more,
  };
}

export function machine(mac: string, more: Partial<Machine> = {}): Machine {
  return { macs: [mac], vars: {}, options: new Map(), position: POSITION, ...more };
}

export function world(mode: Mode, profiles: readonly Profile[], machines: readonly Machine[] = []): World {
  const rack = subnet('10.11.11.0/24', '10.11.11.50-10.11.11.99');
  return {
    policy: {
      mode,
      authoritative: true,
      conflictCheck: 'off',
      overload: false,
      subnets: mode === 'full' ? [rack] : [],
    },
    inventory: {
      version: 1,
      profiles,
      machines: {
        all: machines,
        byMac: new Map(machines.flatMap((each) => each.macs.map((mac) => [mac, each]))),
        byUuid: new Map(machines.flatMap((each) => (each.uuid === undefined ? [] : [[each.uuid, each]]))),
        byIp: new Map(machines.flatMap((each) => (each.ip === undefined ? [] : [[each.ip, each]]))),
      },
    },
    leases: createLeaseTable(rack.pools),
    limits: { offers: 4096 },
    serverAddress: undefined,
    httpPort: 8080,
    quirks: KNOWN_QUIRKS,
    now: NOW,
  };
}
