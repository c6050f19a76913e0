/** PowerShell for the DHCP server of Windows Server 2012 and later, which knows policies. */
import { formatIpv4 } from '../values/ipv4.ts';
import { alternatives, commented } from './comment.ts';
import type { Dialect } from './dialect.ts';
import type { FirstStage } from './pointers.ts';

/** Single quotes: nothing in the text is a variable. */
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const setOption = (policy: string, id: number, ...values: readonly string[]): string =>
  `Set-DhcpServerv4OptionValue -ScopeId $scope -PolicyName ${quoted(policy)} -OptionId ${id} -Value ${values.join(', ')}`;

const define = (id: number, name: string, type: string): string =>
  `if (-not (Get-DhcpServerv4OptionDefinition -OptionId ${id} -ErrorAction SilentlyContinue)) ` +
  `{ Add-DhcpServerv4OptionDefinition -OptionId ${id} -Name ${quoted(name)} -Type ${type} }`;

function policyFor({ arch, codes, file, http }: FirstStage, order: number, address: string): string[] {
  const policy = `Pilotlight ${arch}`;
  const client = http ? 'HTTPClient' : 'PXEClient';
  const classes = codes.map((code) => `${policy}${codes.length === 1 ? '' : ` ${code}`}`);
  return [
    '',
    ...commented('#', [`${arch}: architecture ${alternatives(codes)}.`]),
    ...codes.map((code, index) => {
      const data = `${client}:Arch:${String(code).padStart(5, '0')}`;
      return `Add-DhcpServerv4Class -Name ${quoted(classes[index] ?? policy)} -Type Vendor -Data ${quoted(data)}`;
    }),
    // The star: whatever stands behind, which is the version of UNDI.
    `Add-DhcpServerv4Policy -Name ${quoted(policy)} -ScopeId $scope -ProcessingOrder ${order} -Condition OR` +
      ` -VendorClass EQ, ${classes.map((name) => quoted(`${name}*`)).join(', ')}`,
    ...(http ? [setOption(policy, 60, quoted('HTTPClient'))] : [setOption(policy, 66, quoted(address))]),
    setOption(policy, 67, quoted(file)),
  ];
}

export const windows: Dialect = {
  describe: 'PowerShell on Windows Server 2012 or later',
  write({ server, subnet, stages, scriptUrl, notes }) {
    const address = formatIpv4(server.address);
    const scope = subnet === undefined ? '10.11.11.0' : formatIpv4(subnet.network);
    return [
      ...commented('#', [
        `Pilotlight at ${address}: PowerShell for the DHCP server of Windows Server 2012 or later.`,
        "Written by Microsoft's documentation and tried on no server: look at what one machine is told (pilotlight probe).",
        `Check the scope in the first line${subnet === undefined ? ': Pilotlight does not know it' : ''}.`,
        'Remove option 60 from server, scope and policies, unless set below: PXEClient sends UEFI to port 4011.',
        'Where two policies fit, the one with the lower ProcessingOrder wins: iPXE is first, since it also bears the class' +
          ' of its firmware. Renumber if you have policies already.',
        'What Windows cannot say: it finds iPXE by its user class alone, not by option 175. A wildcard in a policy stands' +
          ' at the end only.',
        ...notes,
      ]),
      `$scope = ${quoted(scope)}`,
      define(60, 'Vendor class of the answer', 'String'),
      define(175, 'iPXE', 'Byte -MultiValued'),
      '',
      ...commented('#', [
        'iPXE: its script, and sub-option 176 (no-pxedhcp), which ends its wait for a proxyDHCP.',
      ]),
      `Add-DhcpServerv4Class -Name 'Pilotlight iPXE' -Type User -Data 'iPXE'`,
      `Add-DhcpServerv4Policy -Name 'Pilotlight iPXE' -ScopeId $scope -ProcessingOrder 1 -Condition OR` +
        ` -UserClass EQ, 'Pilotlight iPXE'`,
      setOption('Pilotlight iPXE', 66, quoted(address)),
      setOption('Pilotlight iPXE', 67, quoted(scriptUrl)),
      setOption('Pilotlight iPXE', 175, '0xb0', '0x01', '0x01'),
      ...stages.flatMap((stage, index) => policyFor(stage, index + 2, address)),
      '',
    ].join('\n');
  },
};
