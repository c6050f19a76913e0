/** YAML documents → machines, and the index that finds them. */
import { encodeOptions, writtenOptions } from '../config/options.ts';
import { isDummyUuid } from '../dhcp/uuid.ts';
import { formatIpv4, formatSubnet, hostRange, type Ipv4, inRange, type Subnet } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';
import { checkValue } from '../yaml/check.ts';
import type { DiagnosticCode, Position } from '../yaml/diagnostic.ts';
import type { Path, YamlDocument } from '../yaml/document.ts';
import { nearest } from '../yaml/nearest.ts';
import type { Reporter } from '../yaml/report.ts';
import type { Machine, MachineIndex } from './model.ts';
import { machineSchema, type WrittenMachine } from './schema.ts';
import { placeSeenFrom } from './sources.ts';

export interface MachineContext {
  readonly reporter: Reporter;
  /** Names that a machine may give; undefined when profiles are broken, as then any name may be right. */
  readonly profiles: ReadonlySet<string> | undefined;
  /** Of full mode; undefined elsewhere. */
  readonly subnets: readonly Subnet[] | undefined;
}

export function readMachines(documents: readonly YamlDocument[], context: MachineContext): MachineIndex {
  const { reporter } = context;
  const all: Machine[] = [];
  const seen = createSeen(reporter);
  for (const document of documents) {
    const entries: readonly Path[] = Array.isArray(document.value)
      ? document.value.map((_, index) => [index])
      : [[]];
    for (const path of entries) {
      const { value, diagnostics } = checkValue(machineSchema, document, path);
      reporter.add(diagnostics);
      if (value === undefined) continue;
      checkMachine(value, document, path, context);
      seen.note(value, document, path);
      const { mac = [], vars = {}, options, ...rest } = value;
      const encoded = encodeOptions(document, writtenOptions(options, [...path, 'options']));
      reporter.add(encoded.diagnostics);
      all.push({ ...rest, macs: mac, vars, options: encoded.options, position: document.at(path) });
    }
  }
  return indexMachines(all);
}

/** The index of machines that share neither MAC, UUID nor address. */
export function indexMachines(all: readonly Machine[]): MachineIndex {
  const byMac = new Map<Mac, Machine>();
  const byUuid = new Map<string, Machine>();
  const byIp = new Map<Ipv4, Machine>();
  for (const machine of all) {
    for (const mac of machine.macs) byMac.set(mac, machine);
    if (machine.uuid !== undefined) byUuid.set(machine.uuid, machine);
    if (machine.ip !== undefined) byIp.set(machine.ip, machine);
  }
  return { all, byMac, byUuid, byIp };
}

function checkMachine(
  machine: WrittenMachine,
  document: YamlDocument,
  path: Path,
  context: MachineContext,
): void {
  const { reporter, profiles, subnets } = context;
  const { mac, uuid, ip, profile } = machine;
  if (mac === undefined && uuid === undefined) {
    const message = 'the machine has neither mac nor uuid, so nothing tells which one it is';
    reporter.error('MISSING_KEY', document.at(path), message, 'give mac: 52:54:00:aa:00:01, or a list');
  }
  if (uuid !== undefined && isDummyUuid(uuid)) {
    const message = `the UUID ${uuid} is a placeholder that many boards share`;
    reporter.error('WRONG_TYPE', document.at([...path, 'uuid']), message, 'identify this machine by mac');
  }
  if (profile !== undefined && profiles !== undefined && !profiles.has(profile)) {
    const likely = nearest(profile, profiles);
    const hint = likely === undefined ? profileNames(profiles) : `nearest known: ${likely}`;
    reporter.error(
      'PROFILE_MISSING',
      document.at([...path, 'profile']),
      `there is no profile ${profile}`,
      hint,
    );
  }
  if (
    ip !== undefined &&
    subnets !== undefined &&
    !subnets.some((subnet) => inRange(ip, hostRange(subnet)))
  ) {
    const message = `${formatIpv4(ip)} lies in no subnet of pilotlight.yaml, so the machine never gets it`;
    const [first] = subnets;
    const hint = first === undefined ? undefined : `subnets are such as ${formatSubnet(first)}`;
    reporter.warning('IP_OUTSIDE_SUBNETS', document.at([...path, 'ip']), message, hint);
  }
}

function profileNames(profiles: ReadonlySet<string>): string {
  const names = [...profiles].slice(0, 10);
  return names.length === 0 ? 'there are no profiles' : `profiles are ${names.join(', ')}`;
}

/** Notes what identifies a machine, and tells of what two machines have in common. */
function createSeen(reporter: Reporter) {
  const places = new Map<string, Position>();

  function once(code: DiagnosticCode, what: string, value: string, position: Position): void {
    const key = `${code} ${value}`;
    const earlier = places.get(key);
    if (earlier === undefined) {
      places.set(key, position);
      return;
    }
    const message = `the ${what} ${value} belongs to the machine at ${placeSeenFrom(position, earlier)} already`;
    reporter.error(code, position, message, `give each machine a ${what} of its own`);
  }

  function note({ mac = [], uuid, name, ip }: WrittenMachine, document: YamlDocument, path: Path): void {
    for (const [index, address] of mac.entries()) {
      once('DUPLICATE_MAC', 'MAC address', address, document.at([...path, 'mac', index]));
    }
    if (uuid !== undefined) once('DUPLICATE_UUID', 'UUID', uuid, document.at([...path, 'uuid']));
    if (name !== undefined) once('DUPLICATE_NAME', 'name', name, document.at([...path, 'name']));
    if (ip !== undefined) once('DUPLICATE_IP', 'fixed address', formatIpv4(ip), document.at([...path, 'ip']));
  }

  return { note };
}
