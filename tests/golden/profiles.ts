/** The profiles under which some of the golden packets are captured and answered, instead of one that boots Linux. */

export const UNDIONLY = 'name: undionly\nboot:\n  file: { bios: undionly.kpxe }\n';

/** Any file will do: the firmware fetches it after what is captured. */
export const ANY_FILE = 'name: any\nboot:\n  file: undionly.kpxe\n';

/** Nobody is at the machine: after the timeout its firmware asks for the first item. */
export const MENU = `name: menu
boot:
  menu:
    prompt: Press F8 for the rack menu
    timeout: 3s
    items:
      - { title: iPXE, file: snponly.efi }
      - { title: Other, file: other.efi }
      - { title: Disk, local: true }
`;
