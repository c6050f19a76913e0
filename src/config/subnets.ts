/** `dhcp.subnets` → policies: what a schema cannot see, because it takes two values to be wrong. */
import { formatDuration } from '../values/duration.ts';
import {
  broadcastOf,
  formatIpv4,
  formatRange,
  formatSubnet,
  hostRange,
  type Ipv4,
  inRange,
  inSubnet,
  type Range,
} from '../values/ipv4.ts';
import { checkValue } from '../yaml/check.ts';
import type { Diagnostic, DiagnosticCode } from '../yaml/diagnostic.ts';
import type { Path, YamlDocument } from '../yaml/document.ts';
import { createReporter, type Reporter } from '../yaml/report.ts';
import type { OptionSet, SubnetPolicy } from './model.ts';
import { encodeOptions, type WrittenOption, writtenOptions } from './options.ts';
import { subnetSchema, type WrittenSubnet } from './schema.ts';
import { subnetOptionSets } from './subnet-options.ts';

const ROUTER = 3;
const DNS = 6;
const DOMAIN = 15;
const DEFAULT_LEASE_SECONDS = 3600;
const SUBNETS: Path = ['dhcp', 'subnets'];

/** A range, how a message names it, and the place that gave it. */
interface Placed {
  readonly range: Range;
  readonly name: string;
  readonly path: Path;
}

type Report = (code: DiagnosticCode, path: Path, message: string, hint?: string) => void;

/** A subnet that is right by itself, and where it stands. */
interface PlacedSubnet {
  readonly entry: WrittenSubnet;
  readonly path: Path;
}

/**
 * Judges each subnet whose own keys are right, whatever else is wrong in the file, so that one run tells all. What the
 * schema has to say of the others is told where the whole file is checked.
 */
export function checkSubnets(
  document: YamlDocument,
  serverOptions: OptionSet,
): {
  subnets: readonly SubnetPolicy[];
  diagnostics: readonly Diagnostic[];
} {
  const reporter = createReporter();
  const placed: PlacedSubnet[] = [];
  for (let index = 0; document.has([...SUBNETS, index]); index++) {
    const path = [...SUBNETS, index];
    const { value } = checkValue(subnetSchema, document, path);
    if (value !== undefined) placed.push({ entry: value, path });
  }
  const report: Report = (code, path, message, hint) =>
    reporter.error(code, document.at(path), message, hint);
  const subnets = placed.map(({ entry, path }) => {
    checkPools(entry, path, report);
    checkRouters(entry, path, document, reporter);
    const encoded = encodeOptions(document, subnetOptions(entry, path));
    reporter.add(encoded.diagnostics);
    checkTimes(entry, path, report);
    return policyOf(entry, new Map([...serverOptions, ...encoded.options]));
  });
  checkOverlaps(placed, document, report);
  return {
    subnets: byOneIdentity(subnets).toSorted((a, b) => a.subnet.network - b.subnet.network),
    diagnostics: reporter.diagnostics,
  };
}

/** `options`: what the author set, for the server and over it for the subnet. */
function policyOf(entry: WrittenSubnet, options: OptionSet): SubnetPolicy {
  const { subnet, pools = [], leaseTime = DEFAULT_LEASE_SECONDS } = entry;
  const times = {
    leaseTime,
    renewTime: entry.renewTime ?? Math.max(Math.floor(leaseTime / 2), 1),
    rebindTime: entry.rebindTime ?? Math.max(Math.floor((leaseTime * 7) / 8), 1),
  };
  const { clientIdentity = 'client-id', network, bootp = false } = entry;
  return {
    subnet,
    pools,
    ...subnetOptionSets(subnet, times, options),
    ...times,
    reuseTime: entry.reuseTime ?? Math.floor(leaseTime / 4),
    clientIdentity,
    network,
    bootp,
  };
}

/**
 * A link has one way to know its clients, whichever of its subnets their addresses are of: else a client would be another
 * for its renewal, which names an address of the second subnet, than for its DISCOVER. `mac` for one is `mac` for all.
 */
function byOneIdentity(subnets: readonly SubnetPolicy[]): readonly SubnetPolicy[] {
  const byMac = new Set(
    subnets.filter(({ clientIdentity }) => clientIdentity === 'mac').map(({ network }) => network),
  );
  byMac.delete(undefined);
  return subnets.map((policy) => (byMac.has(policy.network) ? { ...policy, clientIdentity: 'mac' } : policy));
}

/** T1 before T2 before the end (RFC 2131 §4.4.5), the defaults taken into account. */
function checkTimes(entry: WrittenSubnet, path: Path, report: Report): void {
  const { leaseTime, renewTime, rebindTime, reuseTime } = policyOf(entry, new Map());
  const hint = 'renewTime comes before rebindTime, and that before the end of leaseTime';
  if (entry.rebindTime !== undefined && rebindTime > leaseTime) {
    const message = `rebindTime ${formatDuration(rebindTime)} is longer than the lease of ${formatDuration(leaseTime)}`;
    report('WRONG_TYPE', [...path, 'rebindTime'], message, hint);
  } else if (entry.renewTime !== undefined && renewTime > rebindTime) {
    const message = `renewTime ${formatDuration(renewTime)} is longer than rebindTime ${formatDuration(rebindTime)}`;
    report('WRONG_TYPE', [...path, 'renewTime'], message, hint);
  } else if (entry.reuseTime !== undefined && reuseTime > renewTime) {
    const message = `reuseTime ${formatDuration(reuseTime)} is longer than renewTime ${formatDuration(renewTime)}`;
    report(
      'WRONG_TYPE',
      [...path, 'reuseTime'],
      message,
      'a lease that is due for renewal is not told again',
    );
  }
}

function checkOverlaps(placed: readonly PlacedSubnet[], document: YamlDocument, report: Report): void {
  const networks = placed.map(({ entry: { subnet }, path }) => ({
    range: { first: subnet.network, last: broadcastOf(subnet) },
    name: formatSubnet(subnet),
    path: [...path, 'subnet'],
  }));
  for (const { earlier, later } of overlaps(networks)) {
    const line = document.at(earlier.path).line;
    const message =
      earlier.name === later.name
        ? `the subnet ${later.name} stands on line ${line} already`
        : `the subnet ${later.name} overlaps ${earlier.name} on line ${line}`;
    report('OVERLAPPING_SUBNETS', later.path, message, 'an address belongs to one subnet only');
  }
  const pools = placed.flatMap(({ entry, path }) =>
    (entry.pools ?? []).map((range, index) => ({
      range,
      name: formatRange(range),
      path: [...path, 'pools', index],
    })),
  );
  for (const { earlier, later } of overlaps(pools)) {
    const line = document.at(earlier.path).line;
    const message = `the pool ${later.name} overlaps ${earlier.name} on line ${line}`;
    report('OVERLAPPING_POOLS', later.path, message, 'an address belongs to one pool only');
  }
}

/** Network and broadcast addresses count as outside: most systems refuse them as their own. */
function checkPools(entry: WrittenSubnet, path: Path, report: Report): void {
  const hosts = hostRange(entry.subnet);
  const [router] = entry.router ?? [];
  for (const [index, pool] of (entry.pools ?? []).entries()) {
    const at = [...path, 'pools', index];
    const name = formatRange(pool);
    const clipped = { first: Math.max(pool.first, hosts.first), last: Math.min(pool.last, hosts.last) };
    if (clipped.first > clipped.last) {
      const message = `the pool ${name} lies outside ${formatSubnet(entry.subnet)}`;
      report('POOL_OUTSIDE_SUBNET', at, message, `the subnet's own addresses are ${formatRange(hosts)}`);
    } else if (clipped.first !== pool.first || clipped.last !== pool.last) {
      const whole = inSubnet(pool.first, entry.subnet) && inSubnet(pool.last, entry.subnet);
      const message = whole
        ? `the pool ${name} holds the network or broadcast address of ${formatSubnet(entry.subnet)}`
        : `the pool ${name} lies partly outside ${formatSubnet(entry.subnet)}`;
      report('POOL_OUTSIDE_SUBNET', at, message, `within the subnet it is ${formatRange(clipped)}`);
    }
    if (router !== undefined && inRange(router, pool)) {
      const message = `the pool ${name} holds the router's address ${formatIpv4(router)}`;
      report(
        'POOL_HOLDS_ROUTER',
        at,
        message,
        'leave that address out, or a client takes it from the router',
      );
    }
  }
}

/** A warning only: point-to-point links and some hosters have routers that are on-link without being in the subnet. */
function checkRouters(entry: WrittenSubnet, path: Path, document: YamlDocument, reporter: Reporter): void {
  for (const [index, router] of (entry.router ?? []).entries()) {
    if (inSubnet(router, entry.subnet)) continue;
    const message = `the router ${formatIpv4(router)} lies outside ${formatSubnet(entry.subnet)}`;
    const position = document.at([...path, 'router', index]);
    reporter.warning('ROUTER_OUTSIDE_SUBNET', position, message, 'most clients cannot reach such a router');
  }
}

function subnetOptions(entry: WrittenSubnet, path: Path): WrittenOption[] {
  const texts = (addresses: readonly Ipv4[]) => addresses.map(formatIpv4);
  const own: WrittenOption[] = [];
  if (entry.router !== undefined) {
    own.push({ option: ROUTER, value: texts(entry.router), path: [...path, 'router'] });
  }
  if (entry.dns !== undefined) own.push({ option: DNS, value: texts(entry.dns), path: [...path, 'dns'] });
  if (entry.domain !== undefined)
    own.push({ option: DOMAIN, value: entry.domain, path: [...path, 'domain'] });
  return [...own, ...writtenOptions(entry.options, [...path, 'options'])];
}

/** Pairs that share addresses, earlier and later as they stand in the file; each range is told of once. */
function overlaps(items: readonly Placed[]): { earlier: Placed; later: Placed }[] {
  const order = new Map(items.map((item, index) => [item, index]));
  const sorted = [...items].sort((a, b) => a.range.first - b.range.first || b.range.last - a.range.last);
  const found: { earlier: Placed; later: Placed }[] = [];
  let widest: Placed | undefined;
  for (const item of sorted) {
    if (widest !== undefined && item.range.first <= widest.range.last) {
      const inOrder = (order.get(widest) ?? 0) < (order.get(item) ?? 0);
      found.push(inOrder ? { earlier: widest, later: item } : { earlier: item, later: widest });
    }
    if (widest === undefined || item.range.last > widest.range.last) widest = item;
  }
  return found;
}
