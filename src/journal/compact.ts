/** A record cut down to what may be kept for long: short text only, nothing that drags a packet or a file along. */
import type { JournalRecord, NoticeRecord, ReloadRecord } from './record.ts';
import { clip } from './text.ts';

/** UTF-16 units of one field: longer than any path or reason that means something. */
const TEXT_LIMIT = 512;
const DIAGNOSTIC_LIMIT = 100;
const DETAIL_LIMIT = 30;

/** The same record when it is small already, which is the usual case and costs no allocation; else a cut copy. */
export function compact(record: JournalRecord): JournalRecord {
  switch (record.kind) {
    case 'decision':
      return isShort(record.reason) && isShort(record.file) && isShort(record.profile)
        ? record
        : {
            ...record,
            reason: clip(record.reason, TEXT_LIMIT),
            file: record.file === undefined ? undefined : clip(record.file, TEXT_LIMIT),
            profile: record.profile === undefined ? undefined : clip(record.profile, TEXT_LIMIT),
          };
    case 'malformed':
      return isShort(record.detail) ? record : { ...record, detail: clip(record.detail, TEXT_LIMIT) };
    case 'transfer':
      return isShort(record.file) && isShort(record.detail)
        ? record
        : {
            ...record,
            file: clip(record.file, TEXT_LIMIT),
            detail: record.detail === undefined ? undefined : clip(record.detail, TEXT_LIMIT),
          };
    case 'reload':
      return compactReload(record);
    case 'hint':
      return record;
    case 'notice':
      return compactNotice(record);
  }
}

function isShort(text: string | undefined): boolean {
  return text === undefined || text.length <= TEXT_LIMIT;
}

function compactReload(record: ReloadRecord): ReloadRecord {
  const kept = record.diagnostics.slice(0, DIAGNOSTIC_LIMIT).map((line) => clip(line, TEXT_LIMIT));
  const left = record.diagnostics.length - kept.length;
  return {
    ...record,
    detail: clip(record.detail, TEXT_LIMIT),
    diagnostics: left > 0 ? [...kept, `and ${left} more`] : kept,
  };
}

/** A notice's detail is free-form, so its values are turned into short text unless they are numbers or booleans. */
function compactNotice(record: NoticeRecord): NoticeRecord {
  const message = clip(record.message, TEXT_LIMIT);
  if (record.detail === undefined) return { ...record, message };
  const detail: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(record.detail).slice(0, DETAIL_LIMIT)) detail[key] = plain(value);
  return { ...record, message, detail };
}

function plain(value: unknown): unknown {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'string') return clip(value, TEXT_LIMIT);
  if (value instanceof Error) return clip(value.message, TEXT_LIMIT);
  if (Array.isArray(value)) return value.slice(0, DETAIL_LIMIT).map((item) => clip(String(item), TEXT_LIMIT));
  return clip(String(value), TEXT_LIMIT);
}
