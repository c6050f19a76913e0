/** What is served on one NIC, opened and closed together: DHCP on 67 and 4011, TFTP, and router hints. */
import type { DhcpPolicy } from '../config/model.ts';
import type { Nic } from '../net/udp.ts';
import { createDhcpService, type DhcpDependencies } from './dhcp.ts';
import type { RouterHints } from './router-hints.ts';
import { createTftpService, TFTP_PORT, type TftpServiceOptions } from './tftp.ts';

const DHCP_PORT = 67;
const PXE_PORT = 4011;

export interface NicServices {
  /** Bound ports by use. */
  readonly ports: Readonly<Record<string, number>>;
  close(): void;
}

export interface NicServicesOptions {
  readonly policy: Pick<DhcpPolicy, 'mode' | 'conflictCheck'>;
  /** Undefined: none are given. */
  readonly hints: RouterHints | undefined;
  readonly dhcp: Omit<DhcpDependencies, 'nic' | 'ports' | 'probing'>;
  readonly tftp: Omit<TftpServiceOptions, 'nic'>;
}

/** `nic` tells it as it is now: its addresses may change. Throws NetError, leaving nothing open. */
export function openNicServices(options: NicServicesOptions, nic: () => Nic): NicServices {
  const { policy, hints, dhcp, tftp } = options;
  const opened: { close(): void }[] = [];
  const close = (): void => {
    for (const service of opened.splice(0)) service.close();
  };
  try {
    if (policy.mode !== 'off') {
      const probing = policy.conflictCheck === 'off' ? undefined : policy.conflictCheck;
      opened.push(createDhcpService({ ...dhcp, nic, ports: [DHCP_PORT, PXE_PORT], probing }));
    }
    if (hints !== undefined) opened.push(hints.open(nic));
    opened.push(createTftpService({ ...tftp, nic: nic() }));
    return {
      ports: {
        ...(policy.mode === 'off' ? {} : { dhcp: DHCP_PORT, pxe: PXE_PORT }),
        tftp: tftp.port ?? TFTP_PORT,
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}
