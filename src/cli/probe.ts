/** `pilotlight probe`: plays a machine that boots from the network, and tells what would go wrong. */
import { randomBytes, randomInt } from 'node:crypto';
import { createClock } from '../clock.ts';
import { createLinuxNetwork } from '../net/linux.ts';
import { NetError, type Network, type Nic } from '../net/udp.ts';
import { type Client, type ClientKind, clientOf } from '../probe/client.ts';
import { fetchHttp } from '../probe/fetch-http.ts';
import { fetchTftp } from '../probe/fetch-tftp.ts';
import { openLink } from '../probe/link.ts';
import { SendRefused } from '../probe/listen.ts';
import { type ProbeOptions, probe as playBoot } from '../probe/probe.ts';
import { reportText } from '../probe/text.ts';
import { formatMac, type Mac } from '../values/mac.ts';

interface Flags {
  readonly interface?: string | undefined;
  readonly as: ClientKind;
  readonly arch?: string | number | undefined;
  readonly mac?: Mac | undefined;
  readonly uuid?: string | undefined;
  /** Seconds. */
  readonly wait: number;
  /** Lower-case hex. */
  readonly sha256?: string | undefined;
  readonly json?: boolean | undefined;
}

export async function probe(flags: Flags): Promise<void> {
  const client = clientOf(flags.as, flags.arch, { mac: flags.mac ?? nobodysMac(), uuid: flags.uuid });
  if ('fault' in client) {
    refuse(client.fault, 'Name one that goes with --as, or leave --arch out.');
    return;
  }
  const network = createLinuxNetwork();
  const clock = createClock();
  try {
    const report = await playBoot(optionsFor(flags, client, network, clock));
    const text = flags.json === true ? `${JSON.stringify(report, undefined, 2)}\n` : reportText(report);
    process.stdout.write(text);
    if (!report.ok) process.exitCode = 1;
  } catch (error) {
    if (!(error instanceof NetError || error instanceof SendRefused)) throw error;
    refuse(error.message, error.hint);
  } finally {
    clock.close();
    await network.close();
  }
}

function refuse(message: string, hint: string): void {
  process.stderr.write(`pilotlight: ${message}\n    hint: ${hint}\n`);
  process.exitCode = 1;
}

/** Locally administered, so that it is no other machine's; and unicast. */
function nobodysMac(): Mac {
  const octets = randomBytes(6);
  octets.writeUInt8((octets.readUInt8() & 0xfc) | 2);
  return formatMac(octets);
}

function optionsFor(
  flags: Flags,
  client: Client,
  network: Network,
  clock: ReturnType<typeof createClock>,
): ProbeOptions {
  const nics = network.nics();
  const nic = chooseNic(nics, flags.interface);
  return {
    client,
    nic,
    ownAddresses: nics.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
    waitMs: flags.wait * 1000,
    sha256: flags.sha256,
    wire: { open: (onHeard) => openLink(network, nic, onHeard), clock, xid: randomInt(1, 2 ** 32) },
    fetchers: {
      tftp: (place, how) => fetchTftp(place, { ...how, clock }),
      http: (place, how) => fetchHttp(place, { ...how, clock }),
    },
  };
}

/** The one that was named; else the only one that there is to speak on. Throws NetError. */
function chooseNic(nics: readonly Nic[], name: string | undefined): Nic {
  const usable = nics.filter(({ up, loopback }) => up && !loopback);
  const names = usable.map((nic) => nic.name).join(', ') || 'no NIC that is up';
  if (name === undefined) {
    const [only, ...others] = usable;
    if (only !== undefined && others.length === 0) return only;
    throw new NetError(
      'NO_SUCH_NIC',
      'it is not clear on which NIC to probe',
      `Name it: --interface NIC. This host has ${names}.`,
    );
  }
  const nic = nics.find((each) => each.name === name);
  if (nic === undefined)
    throw new NetError('NO_SUCH_NIC', `there is no NIC ${name}`, `This host has ${names}.`);
  if (nic.up) return nic;
  throw new NetError('NIC_DOWN', `${name} is down`, `Set it up: ip link set ${name} up`);
}
