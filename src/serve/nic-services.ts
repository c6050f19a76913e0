/** What is served on one NIC, opened and closed together: DHCP on 67 and 4011, and TFTP. */
import type { DhcpPolicy } from '../config/model.ts';
import type { Nic } from '../net/udp.ts';
import { createDhcpService, type DhcpDependencies } from './dhcp.ts';
import { createTftpService, type TftpServiceOptions } from './tftp.ts';

const DHCP_PORT = 67;
const PXE_PORT = 4011;

export interface NicServices {
  /** Bound ports by use. */
  readonly ports: Readonly<Record<string, number>>;
  close(): void;
}

export interface NicServicesOptions {
  readonly policy: Pick<DhcpPolicy, 'mode' | 'conflictCheck'>;
  readonly dhcp: Omit<DhcpDependencies, 'nic' | 'ports' | 'probing'>;
  readonly tftp: Omit<TftpServiceOptions, 'nic'>;
}

/** `nic` tells it as it is now: its addresses may change. Throws NetError, leaving nothing open. */
export function openNicServices(options: NicServicesOptions, nic: () => Nic): NicServices {
  const { policy, dhcp, tftp } = options;
  const dhcpService =
    policy.mode === 'off'
      ? undefined
      : createDhcpService({
          ...dhcp,
          nic,
          ports: [DHCP_PORT, PXE_PORT],
          probing:
            policy.conflictCheck === 'off' ? undefined : { by: policy.conflictCheck, clock: tftp.clock },
        });
  try {
    const tftpService = createTftpService({ ...tftp, nic: nic() });
    return {
      ports: {
        ...(dhcpService === undefined ? {} : { dhcp: DHCP_PORT, pxe: PXE_PORT }),
        tftp: tftpService.port,
      },
      close() {
        dhcpService?.close();
        tftpService.close();
      },
    };
  } catch (error) {
    dhcpService?.close();
    throw error;
  }
}
