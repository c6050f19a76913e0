/**
 * What is not on disk: scripts and `files:` of profiles, rendered for the machine that asks. TFTP and HTTP come here
 * through content/, so both give the same text.
 */

import { askScript, chainScript } from '../boot/ask-script.ts';
import type { Facts } from '../boot/facts.ts';
import { loaderConfig } from '../boot/loader-config.ts';
import { fileUrl, planBoot, renderScript, type ScriptFor, tftpScriptPath } from '../boot/plan.ts';
import { templateScope } from '../boot/scope.ts';
import { type Selection, selectProfile, whileLooping } from '../boot/select.ts';
import type { VirtualFile } from '../content/resolve.ts';
import type { ContentFailure, Requester } from '../content/resolver.ts';
import { urlsOf, type World } from '../decide/decision.ts';
import { type Description, imagine } from '../decide/imagine.ts';
import { type Profile, TemplateError, type TemplateScope } from '../profiles/model.ts';
import { type IpAddress, isIpv4 } from '../values/ip.ts';
import { UNSPECIFIED } from '../values/ipv4.ts';
import { type Mac, parseMac } from '../values/mac.ts';
import type { Clients } from './clients.ts';

type Broken = Extract<ContentFailure, { failure: 'broken' }>;

/** A client that asks for something to be rendered, with the profile that serves it. */
interface Asker extends Selection {
  readonly facts: Facts;
  readonly profile: Profile;
  readonly serverAddress: IpAddress;
}

export interface Rendering {
  /** The rendered file of that name for that client; undefined: no such file, look on disk. */
  virtual(path: string, requester: Requester): VirtualFile | Broken | undefined;
  /** The iPXE script for a described client, as /ipxe gives it; with `item`, of that item of its menu, counted from 1. */
  script(
    client: Description,
    requester: Requester,
    item?: number,
  ): { readonly text: string } | ContentFailure;
  /** How a file on disk is to be rendered for a client: as its profile's script; undefined: as it is. */
  scopeOfScript(path: string, requester: Requester): TemplateScope | undefined;
}

/** Facts of a client whose packets we have not seen since the start. One that asks over IPv6 is on no IPv4 subnet that we know. */
function imagined(client: Description, { serverAddress }: Requester): Facts {
  const localAddress = isIpv4(serverAddress) ? serverAddress : UNSPECIFIED;
  return imagine({ ipxe: true, ...client }, { nic: 'none', localAddress }).facts;
}

const samePath = (a: string, b: string): boolean => a.replace(/^\/+/, '') === b.replace(/^\/+/, '');

export function createRendering(clients: Clients, world: () => World): Rendering {
  function asker(facts: Facts, serverAddress: IpAddress): Asker | undefined {
    const { inventory, isLooping } = world();
    const selected = selectProfile(facts, inventory);
    const selection = isLooping?.(facts) === true ? whileLooping(selected) : selected;
    const { profile } = selection;
    return profile === undefined ? undefined : { ...selection, profile, facts, serverAddress };
  }

  /** The same with an item of its menu as what it boots; undefined where there is no such item. */
  function choosing(who: Asker, item: number | undefined): Asker | undefined {
    if (item === undefined) return who;
    const { profile } = who;
    const chosen = profile.boot.kind === 'menu' ? profile.boot.menu.items[item - 1] : undefined;
    return chosen === undefined ? undefined : { ...who, profile: { ...profile, boot: chosen.boot } };
  }

  function knownFacts(mac: Mac, requester: Requester): Facts {
    return clients.facts(mac) ?? imagined({ mac }, requester);
  }

  function scriptFor(who: Asker, requester: Requester, http: boolean): ScriptFor {
    const { facts, machine, profile, serverAddress } = who;
    return {
      facts,
      machine,
      profile,
      server: urlsOf(world(), serverAddress),
      address: requester.address,
      http,
    };
  }

  const renderFor = (who: Asker, requester: Requester, http: boolean) =>
    renderScript(scriptFor(who, requester, http));

  /** A profile without a script of its own names a file: what iPXE would be told by DHCP, were the server there ours. */
  function leadOn(
    { facts, profile, serverAddress }: Asker,
    http: boolean,
  ): { readonly text: string } | undefined {
    const server = urlsOf(world(), serverAddress);
    const { bootFile } = planBoot({ ...facts, stage: 'ipxe' }, profile, server);
    if (bootFile === undefined) return undefined;
    // By TFTP, so that a boot program that looks for more files finds the server and the directory it came from.
    return {
      text: chainScript(profile.name, fileUrl(bootFile, server, http && profile.boot.kind !== 'file')),
    };
  }

  function scopeOf(who: Asker, requester: Requester): TemplateScope {
    const server = urlsOf(world(), who.serverAddress);
    return templateScope(who.facts, who.machine, who.profile, server, requester.address);
  }

  /** `ipxe/52-54-00-aa-00-01.ipxe`: the script of the machine that the name tells; `….2.ipxe`: of an item of its menu. */
  function scriptByPath(path: string, requester: Requester): VirtualFile | Broken | undefined {
    const [, name = '', digits] = /^ipxe\/([0-9a-f-]{17})(?:\.(\d{1,3}))?\.ipxe$/i.exec(path) ?? [];
    const mac = parseMac(name);
    if (mac === undefined) return undefined;
    const item = digits === undefined ? undefined : Number(digits);
    const asking = asker(knownFacts(mac, requester), requester.serverAddress);
    const who = asking === undefined ? undefined : choosing(asking, item);
    // An item that is a file is led to by a script, as the menu chains scripts only.
    const led = item === undefined || who === undefined ? undefined : leadOn(who, false);
    const rendered = who === undefined ? undefined : (renderFor(who, requester, false) ?? led);
    if (rendered === undefined) return undefined;
    if ('fault' in rendered) return { failure: 'broken', detail: rendered.fault };
    return { name: tftpScriptPath({ mac }, item), text: rendered.text };
  }

  /** `files:` of the asking client's profile. */
  function profileFile(path: string, who: Asker, requester: Requester): VirtualFile | Broken | undefined {
    const template = who.profile.files.get(path);
    if (template === undefined) return undefined;
    try {
      return { name: path, text: template.render(scopeOf(who, requester)) };
    } catch (error) {
      if (error instanceof TemplateError) return { failure: 'broken', detail: error.message };
      throw error;
    }
  }

  /** What a loader looks for by a name of its own: over a file of that name that lies on disk for others. */
  function ofLoader(path: string, who: Asker, requester: Requester): VirtualFile | Broken | undefined {
    if (!/\.cfg(?:[/-]|$)/i.test(path)) return undefined;
    const { facts, profile } = who;
    // A loader that was chosen in the menu is there for its own configuration, not to ask the same again.
    if (profile.boot.kind === 'menu' && clients.isRunning(facts.mac, world().now)) return undefined;
    const config = loaderConfig(path, scriptFor(who, requester, false));
    if (config === undefined) return undefined;
    return 'fault' in config
      ? { failure: 'broken', detail: config.fault }
      : { name: path, text: config.text };
  }

  /** Takes note of a boot program that an item of the client's menu names. */
  function noteProgram(path: string, { facts, profile }: Asker): void {
    if (profile.boot.kind !== 'menu') return;
    const isItem = profile.boot.menu.items.some(
      ({ boot }) => boot.kind === 'file' && [...boot.byArch.values()].some((file) => samePath(file, path)),
    );
    if (isItem) clients.runs(facts.mac, world().now);
  }

  return {
    virtual(path, requester) {
      const script = scriptByPath(path, requester);
      if (script !== undefined || requester.mac === undefined) return script;
      const who = asker(knownFacts(requester.mac, requester), requester.serverAddress);
      if (who === undefined) return undefined;
      noteProgram(path, who);
      return profileFile(path, who, requester) ?? ofLoader(path, who, requester);
    },
    script(client, requester, item) {
      const mac = client.mac ?? requester.mac;
      const seen = mac === undefined ? undefined : clients.facts(mac);
      // A MAC address from the neighbour table alone would leave out the architecture.
      if (mac === undefined || (client.mac === undefined && seen === undefined)) {
        return { text: askScript(urlsOf(world(), requester.serverAddress)) };
      }
      // What the client itself sent says more than the query; the query is what is left after a restart.
      const facts = seen ?? imagined({ ...client, mac }, requester);
      const asking = asker(facts, requester.serverAddress);
      if (asking === undefined) return { failure: 'not-found', detail: `no profile matches ${mac}` };
      const who = choosing(asking, item);
      if (who === undefined) {
        return {
          failure: 'not-found',
          detail: `the profile ${asking.profile.name} has no menu item ${item}`,
        };
      }
      const rendered = renderFor(who, requester, true) ?? leadOn(who, true);
      if (rendered === undefined) {
        return { failure: 'not-found', detail: `the profile ${who.profile.name} of ${mac} makes no script` };
      }
      return 'fault' in rendered ? { failure: 'broken', detail: rendered.fault } : rendered;
    },
    scopeOfScript(path, requester) {
      if (requester.mac === undefined) return undefined;
      const who = asker(knownFacts(requester.mac, requester), requester.serverAddress);
      if (who === undefined) return undefined;
      const { boot } = who.profile;
      const ways = boot.kind === 'menu' ? boot.menu.items.map((item) => item.boot) : [boot];
      const isIt = ways.some((way) => way.kind === 'script' && 'file' in way && samePath(way.file, path));
      return isIt ? scopeOf(who, requester) : undefined;
    },
  };
}
