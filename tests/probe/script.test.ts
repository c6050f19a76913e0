// biome-ignore-all lint/suspicious/noTemplateCurlyInString: iPXE writes its settings so.
/** What a probe reads out of an iPXE script. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { kernelScript, localBootScript } from '../../src/boot/script.ts';
import { referencesOf } from '../../src/probe/script.ts';
import { pe } from './programs.ts';
import { client, play } from './rig.ts';

const KNOWN = new Map([
  ['mac', '52:54:00:aa:00:01'],
  ['next-server', '10.77.0.1'],
]);

/** `kernel a!` is certain, `initrd b` is not; `?name` cannot be known. */
function read(text: string): string[] {
  return referencesOf(text, KNOWN).map(
    ({ command, word, certain, unknown }) =>
      `${command} ${word}${certain ? '!' : ''}${unknown === undefined ? '' : `?${unknown}`}`,
  );
}

const CASES: Readonly<Record<string, readonly [string, readonly string[]]>> = {
  'files in the order of their lines': [
    '#!ipxe\nkernel a console=x\ninitrd b\nboot\n',
    ['kernel a!', 'initrd b!'],
  ],
  'flags and their values are no files': [
    'initrd --name x b\nkernel -n y -t 5 a\nchain --autofree c',
    ['initrd b!', 'kernel a!', 'chain c!'],
  ],
  'failing on to a label leaves a line certain': ['kernel a || goto failed\n', ['kernel a!']],
  'another way makes it uncertain, and is looked at as well': [
    'chain a || chain b || shell',
    ['chain a', 'chain b'],
  ],
  'what follows a label, a condition or a jump may never be reached': [
    'kernel a\niseq ${platform} efi && goto x ||\nkernel b\n:x\nkernel c',
    ['kernel a!', 'kernel b', 'kernel c'],
  ],
  'what depends on a command before it is uncertain': ['isset ${x} && chain a', ['chain a']],
  'comments and blank lines': ['#!ipxe\n\n# kernel a\n   kernel b', ['kernel b!']],
  'settings of iPXE, plain, of a NIC, and in other forms': [
    'chain http://${next-server}/${net0/mac}/${mac:hexhyp}/${mac:hexraw}',
    ['chain http://10.77.0.1/52:54:00:aa:00:01/52-54-00-aa-00-01/525400aa0001!'],
  ],
  'settings of the script': [
    'set base http://h/d\nset base:string ${base}/e\nkernel ${base}/a',
    ['kernel http://h/d/e/a!'],
  ],
  'what only the machine knows': ['chain http://h/${serial}', ['chain http://h/${serial}!?serial']],
  'images by name are no files': ['kernel a\nboot a\nimgexec b', ['kernel a!']],
  'boot with a URL fetches': ['boot http://h/a', ['boot http://h/a!']],
};

describe('references', () => {
  for (const [name, [text, expected]] of Object.entries(CASES)) {
    test(name, () => assert.deepEqual(read(text), expected));
  }
});

test('the scripts that Pilotlight writes: kernel and initrds for certain, nothing of the rest', () => {
  const script = kernelScript({
    title: 'x',
    kernel: 'http://h/k',
    initrds: ['http://h/a', 'http://h/b'],
    cmdline: 'c',
  });
  assert.deepEqual(read(script), ['kernel http://h/k!', 'initrd http://h/a!', 'initrd http://h/b!']);
  assert.deepEqual(read(localBootScript(true)), []);
});

const OFFER = { address: '10.77.0.50', siaddr: '10.77.0.1', bootFile: 'http://10.77.0.1/a/boot.ipxe' };
const SCRIPT_URL = 'http://10.77.0.1/a/boot.ipxe';

async function follow(files: Readonly<Record<string, string>>) {
  return play(client('ipxe'), { offers: [OFFER], files });
}

describe('followed', () => {
  test('relative to where the script came from, by HTTP and TFTP, and into chained scripts', async () => {
    const { fetched, found } = await follow({
      [SCRIPT_URL]: '#!ipxe\nkernel ../k\nchain tftp://10.77.0.1/d/next.ipxe',
      'http://10.77.0.1/k': 'k',
      'tftp://10.77.0.1/d/next.ipxe': '#!ipxe\ninitrd i',
      'tftp://10.77.0.1/d/i': 'i',
    });
    assert.deepEqual(found, []);
    assert.deepEqual(fetched, [
      SCRIPT_URL,
      'http://10.77.0.1/k',
      'tftp://10.77.0.1/d/next.ipxe',
      'tftp://10.77.0.1/d/i',
    ]);
  });

  test('a missing file breaks the chain where the script must come there, else it is a warning', async () => {
    const { found, report } = await follow({
      [SCRIPT_URL]: '#!ipxe\nkernel k || goto failed\n:failed\nchain c',
    });
    assert.deepEqual(found, ['error HTTP_STATUS', 'warning HTTP_STATUS']);
    assert.match(
      report.findings[0]?.message ?? '',
      /^kernel in line 2 of http:\/\/10\.77\.0\.1\/a\/boot\.ipxe: /,
    );
  });

  test('what cannot be looked at is said, and breaks nothing', async () => {
    const { found, report } = await follow({ [SCRIPT_URL]: '#!ipxe\nkernel ${serial}\nchain nfs://h/k' });
    assert.deepEqual(found, ['note NOT_FOLLOWED', 'note NOT_FOLLOWED']);
    assert.equal(report.ok, true);
  });

  test('scripts that chain to each other come to an end', async () => {
    const { found, fetched } = await follow({ [SCRIPT_URL]: `#!ipxe\nchain ${SCRIPT_URL}` });
    assert.deepEqual([found, fetched], [[], [SCRIPT_URL]]);
    const chain = Object.fromEntries(
      Array.from({ length: 9 }, (_, at) => [`http://10.77.0.1/a/${at}`, `#!ipxe\nchain ${at + 1}`]),
    );
    assert.deepEqual((await follow({ [SCRIPT_URL]: '#!ipxe\nchain 0', ...chain })).found, [
      'warning TOO_DEEP',
    ]);
  });

  test('a program for another machine', async () => {
    const { found } = await play(client('ipxe', 'uefi-arm64'), {
      offers: [{ ...OFFER }],
      files: { [SCRIPT_URL]: '#!ipxe\nchain x.efi', 'http://10.77.0.1/a/x.efi': pe() },
    });
    assert.deepEqual(found, ['error WRONG_ARCHITECTURE']);
  });
});
