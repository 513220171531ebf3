import { commitFailure } from '../../common/lmdb/lmdb.ts'
import { folded } from '../../common/text.ts'
import { type Micros, nowMicros } from '../dates.ts'
import { type Blobs, createBlobs } from './blobs.ts'
import { type Written, withChangeNotes } from './change-notes.ts'
import { type ClientBelongings, type Clients, createClients } from './clients.ts'
import { openFolder } from './folder.ts'
import { createKeptGlanceUpdates } from './glance-updates.ts'
import { createMessages, type Messages } from './messages.ts'
import { createOneTime } from './one-time.ts'
import { emptyFolder, leaveFolder, takeFolder } from './owner.ts'
import { createPeople, type People } from './people.ts'
import type {
  CodeRecord,
  EmoticonRecord,
  GoneRecord,
  GroupRecord,
  InstallableRecord,
  PictureRecord,
  StoredFileRecord,
} from './records.ts'
import { createRooms, type Rooms } from './rooms.ts'
import { table } from './table.ts'
import { createTokens } from './tokens.ts'
import { createWebhooks } from './webhooks.ts'

/**
 * All data of the server, in one LMDB environment. Reads are synchronous. All writes happen inside `write`, where
 * reads and checks come first: what was written before an error is thrown stays.
 */
export interface State extends ClientBelongings {
  readonly clients: Clients
  readonly people: People
  readonly rooms: Rooms
  readonly messages: Messages
  /** Runs as the only writer; resolves once its writes are on disk. */
  write<T>(work: () => T): Promise<T>
  /** Calls `look` with everything that is written, once it is on disk. Returns a function that stops this. */
  watch(look: (written: readonly Written[]) => void): () => void
  group(): GroupRecord | undefined
  setGroup(group: GroupRecord): void
  emoticons(): EmoticonRecord[]
  findEmoticon(text: string): EmoticonRecord | undefined
  addEmoticon(emoticon: EmoticonRecord): void
  /** Deleted users and rooms that are not completely removed yet. */
  readonly gone: {
    has(gone: GoneRecord): boolean
    add(gone: GoneRecord): void
    remove(gone: GoneRecord): void
    all(): GoneRecord[]
  }
  readonly pictures: Pick<Blobs<PictureRecord>, 'get' | 'put' | 'remove'>
  readonly files: Pick<Blobs<StoredFileRecord>, 'get' | 'put' | 'remove'>
  /** The next number of a sequence, starting at 1 or at `first`. */
  next(sequence: string, first?: number): number
  /** The last number of a sequence that was issued; 0 when there is none. */
  last(sequence: string): number
  /** A time later than every time issued before, even after the clock was set back. */
  now(): Micros
  clear(): void
  close(): Promise<void>
}

/**
 * Opens the state in a folder, for this server alone. Throws `FolderTakenError` when another server has it open,
 * and `FolderUnusableError` when it is damaged. `durable: false` leaves syncing to the operating system: for a
 * folder that is temporary anyway.
 */
export function openState(path: string, options: { durable: boolean }): State {
  const lmdb = openFolder(path, options)
  try {
    takeFolder(lmdb, path)
  } catch (error) {
    void lmdb.close()
    throw error
  }
  const lookers = new Set<(written: readonly Written[]) => void>()
  let noted: Written[] = [] // by the one transaction that is running
  const db = withChangeNotes(lmdb, (written) => noted.push(written))
  const sequences = table<number>(db, 'sequence')
  const groups = table<GroupRecord>(db, 'group')
  const emoticonTable = table<EmoticonRecord>(db, 'emoticon')
  const goneTable = table<GoneRecord>(db, 'gone')
  const emoticons = () => emoticonTable.all()
  const pictures = createBlobs<PictureRecord>(db, 'picture')
  const files = createBlobs<StoredFileRecord>(db, 'file')
  // Each in its own transaction: a server that is killed meanwhile continues with the next one.
  for (const blobs of [pictures, files]) while (lmdb.transactionSync(blobs.migrate)) noted = []
  const webhooks = createWebhooks(db)
  const belongings: ClientBelongings = {
    tokens: createTokens(db, webhooks),
    webhooks,
    codes: createOneTime<CodeRecord>(db, 'code'),
    installables: createOneTime<InstallableRecord>(db, 'installable'),
    glanceUpdates: createKeptGlanceUpdates(db),
  }
  const clients = createClients(db, belongings)
  const people = createPeople(db)
  const rooms = createRooms(db)
  lmdb.transactionSync(() => {
    for (const part of [people, rooms, clients, webhooks]) part.completeIndex()
  })

  return {
    ...belongings,
    clients,
    people,
    rooms,
    messages: createMessages(db),
    async write(work) {
      let written: readonly Written[] = []
      let thrown: { readonly error: unknown } | undefined
      const result = await lmdb
        .transaction(() => {
          noted = []
          try {
            return work()
          } catch (error) {
            thrown = { error } // what it wrote before stays, so the watchers must get that too
            return undefined
          } finally {
            written = noted
          }
        })
        .catch(async (error: unknown) => {
          throw await commitFailure(error)
        })
      if (written.length > 0) for (const look of lookers) look(written)
      if (thrown) throw thrown.error
      return result as Awaited<ReturnType<typeof work>> // it ended without an error
    },
    watch(look) {
      lookers.add(look)
      return () => lookers.delete(look)
    },
    group: () => groups.get('own'),
    setGroup: (group) => groups.put(['own'], group),
    emoticons,
    findEmoticon(text) {
      const byId = /^\d{1,15}$/.test(text) ? emoticonTable.get(Number(text)) : undefined
      return byId ?? emoticons().find((emoticon) => folded(emoticon.shortcut) === folded(text))
    },
    addEmoticon: (emoticon) => emoticonTable.put([emoticon.id], emoticon),
    gone: {
      has: ({ kind, id }) => goneTable.get(kind, id) !== undefined,
      add: ({ kind, id }) => goneTable.put([kind, id], { kind, id }),
      remove: ({ kind, id }) => void goneTable.remove(kind, id),
      all: () => goneTable.all(),
    },
    pictures,
    files,
    next(sequence, first = 1) {
      const value = (sequences.get(sequence) ?? first - 1) + 1
      sequences.put([sequence], value)
      return value
    },
    last: (sequence) => sequences.get(sequence) ?? 0,
    now() {
      const at = Math.max(nowMicros(), (sequences.get('time') ?? 0) + 1)
      sequences.put(['time'], at)
      return at
    },
    clear() {
      emptyFolder(lmdb)
      const written: Written = { table: 'everything', key: [], record: undefined, before: undefined }
      for (const look of lookers) look([written])
    },
    async close() {
      leaveFolder(lmdb)
      await lmdb.close()
    },
  }
}
