import assert from 'node:assert/strict';
import { test } from 'node:test';
import { macInConfigName } from '../../src/boot/config-name.ts';

const MAC = '52:54:00:aa:0b:ff';
const cases: readonly (readonly [path: string, mac: string | undefined])[] = [
  ['pxelinux.cfg/01-52-54-00-aa-0b-ff', MAC],
  ['/pxelinux.cfg/01-52-54-00-aa-0b-ff', MAC],
  ['bios/pxelinux.cfg/01-52-54-00-AA-0B-FF', MAC],
  ['\\pxelinux.cfg\\01-52-54-00-aa-0b-ff', MAC],
  ['01-52-54-00-aa-0b-ff', MAC],
  ['grub.cfg-01-52-54-00-aa-0b-ff', MAC],
  ['grub/grub.cfg-01-52-54-00-aa-0b-ff', MAC],
  ['/EFI/debian/grub.cfg-01-52-54-00-aa-0b-ff', MAC],
  ['GRUB/GRUB.CFG-01-52-54-00-AA-0B-FF', MAC],
  ['pxelinux.cfg/52-54-00-aa-0b-ff', undefined],
  ['pxelinux.cfg/06-52-54-00-aa-0b-ff', undefined],
  ['pxelinux.cfg/01-52-54-00-aa-0b', undefined],
  ['pxelinux.cfg/01-52-54-00-aa-0b-ff-00', undefined],
  ['pxelinux.cfg/01-52-54-00-aa-0b-fg', undefined],
  ['pxelinux.cfg/01:52:54:00:aa:0b:ff', undefined],
  ['pxelinux.cfg/01-52-54-00-aa-0b-ff/menu', undefined],
  ['pxelinux.cfg/x01-52-54-00-aa-0b-ff', undefined],
  ['grub.cfg-0a0b', undefined],
  ['pxelinux.cfg/01-00-00-00-00-00-00', undefined],
  ['pxelinux.cfg/01-ff-ff-ff-ff-ff-ff', undefined],
  ['pxelinux.cfg/01-01-00-5e-00-00-01', undefined],
  ['pxelinux.cfg/default', undefined],
  ['', undefined],
];
for (const [path, mac] of cases) {
  test(`"${path}" is of ${mac ?? 'nobody'}`, () => assert.equal(macInConfigName(path), mac));
}
