import { withoutAt } from '../../../api/mentions.ts'
import { isRecord } from '../../../common/is-record.ts'
import type { PageIntegration, PageRoom, PageUser } from '../../../server/chat-page/routes.ts'
import type { api } from '../../frame/wire.ts'
import { asking, type ViewedFile } from '../asking.ts'
import { beginningOf } from '../characters.ts'
import { composer, goToWith } from '../composer.ts'
import { participantsOf } from '../people/room-people.ts'
import { fetchPerson, fetchRoom, me, people, rooms, searchPeople, searchRooms } from '../store.ts'
import {
  closePanel,
  type Dialog,
  dialog,
  moduleOf,
  open,
  panel,
  Refusal,
  targetOptions,
  updateDialog,
  updatePrimaryAction,
} from './opening.ts'

/** The caller: a page of an add-on, framed in a room or for the group. */
export interface Caller {
  readonly integration: PageIntegration
  readonly room: PageRoom | undefined
  /** A signed request that is valid for a while. */
  token(): Promise<string>
}

type Answer = (args: readonly unknown[], caller: Caller) => unknown

type Answers = {
  readonly [Module in keyof typeof api]: { readonly [Function in keyof (typeof api)[Module]]: Answer }
}

const longestFile = 20 * 1024 * 1024 // the server's limit
const longestMessage = 10_000
const mostInvited = 100

/** The functions of the JavaScript API (`ui-modules.md` 8.2). */
const answers: Answers = {
  dialog: {
    open([options], caller) {
      const { integration, room } = inRoom(caller)
      if (dialog.value && dialog.value.integration.oauth_id !== integration.oauth_id)
        throw new Refusal('The dialog of another add-on is open')
      open({ ...keyed(options, integration, ['dialog']), integration, room })
    },
    update: ([options], caller) => updateDialog(ownDialog(caller), record(options, 'options')),
    updatePrimaryAction: ([button], caller) =>
      updatePrimaryAction(ownDialog(caller), record(button, 'button')),
    close(_, caller) {
      ownDialog(caller)
      dialog.value = undefined
    },
  },

  sidebar: {
    openView([options], caller) {
      const { integration, room } = inRoom(caller)
      open({ ...keyed(options, integration, ['webPanel', 'glance']), integration, room })
    },
    closeView(_, { integration }) {
      if (panel.value?.integration.oauth_id !== integration.oauth_id)
        throw new Refusal('No panel of this add-on is open')
      closePanel()
    },
  },

  room: {
    async open([options]) {
      const { roomId, roomName, userId, userMentionName, message } = record(options, 'options')
      if (userId !== undefined || userMentionName !== undefined)
        return goToPerson(userId, userMentionName, message)
      const { id } = await roomNamed(roomId, roomName)
      goToWith({ kind: 'room', id }, optionalText(message, 'message'))
    },
    create([name, topic, privacy = 'public']) {
      if (privacy !== 'public' && privacy !== 'private')
        throw new Refusal(`expected privacy to be public or private, got ${shown(privacy)}`)
      const texts = { name: optionalText(name, 'name'), topic: optionalText(topic, 'topic') }
      asking.value = {
        kind: 'create room',
        privacy,
        ...(texts.name === undefined ? {} : { name: texts.name }),
        ...(texts.topic === undefined ? {} : { topic: texts.topic }),
      }
    },
    async invite([ids], caller) {
      const { room } = inRoom(caller)
      const asked: readonly unknown[] = (Array.isArray(ids) ? ids : [ids]).slice(0, mostInvited)
      const userIds = (await Promise.all(asked.map((id) => person(id, undefined)))).map(({ id }) => id)
      asking.value = { kind: 'invite', roomId: room.id, userIds }
    },
    getRoomDetails(_, caller) {
      const { id, name, privacy, topic } = viewed(caller, 'room.getRoomDetails')
      return { id, name, privacy, topic }
    },
    async getParticipants(_, caller) {
      const found = await participantsOf(viewed(caller, 'room.getParticipants').id)
      return {
        guests: found.filter(({ is_guest }) => is_guest).map(participant),
        members: found.filter(({ is_guest }) => !is_guest).map(participant),
      }
    },
  },

  user: {
    getCurrentUser(_, caller) {
      needScope(caller, 'user.getCurrentUser')
      if (!me.value) throw new Refusal('Nobody is signed in')
      const { is_guest, title } = me.value
      return { ...participant(me.value), is_guest: is_guest === true, title: title ?? null }
    },
    open([options]) {
      const { userId, userMentionName, message } = record(options, 'options')
      return goToPerson(userId, userMentionName, message)
    },
  },

  chat: {
    focus: () => field().focus(),
    appendMessage: ([message]) => field().append(beginningOf(text(message, 'message'), longestMessage)),
    addFileForUploadWithBase64: ([dataUrl, name]) =>
      field().addFile(fileFrom(text(dataUrl, 'dataUrl'), text(name, 'name'))),
  },

  auth: {
    withToken: (_, { token }) =>
      token().catch((error: Error) => {
        throw new TokenFailure(error.message)
      }),
  },

  file: {
    openInFileViewer([file, list = [file]]) {
      if (!Array.isArray(list)) throw new Refusal(`expected list to be an array, got ${shown(list)}`)
      const chosen = viewedFile(file)
      const files = list.map(viewedFile)
      const at = files.findIndex(({ url }) => url === chosen.url)
      asking.value = at < 0 ? { kind: 'files', files: [chosen], at: 0 } : { kind: 'files', files, at }
    },
  },
}

/** The token of a call could not be fetched: HipChat reported this in a different form from everything else. */
class TokenFailure extends Error {
  override name = 'TokenFailure'
}

/** The arguments of the callback: an error, or `null` and the result. Never rejects. */
export async function serve(
  mod: string,
  fn: string,
  args: readonly unknown[],
  caller: Caller,
): Promise<readonly unknown[]> {
  const functions: Readonly<Record<string, Answer>> | undefined = Object.hasOwn(answers, mod)
    ? answers[mod as keyof Answers] // checked in the line before
    : undefined
  const answer = functions && Object.hasOwn(functions, fn) ? functions[fn] : undefined
  if (!answer) return [`There is no ${mod}.${fn}`]
  try {
    const value = await answer(args, caller)
    return value === undefined ? [null] : [null, value]
  } catch (error) {
    if (error instanceof TokenFailure) return [{ message: error.message }]
    if (error instanceof Refusal) return [`${mod}.${fn}: ${error.message}`]
    console.error(error)
    return [`${mod}.${fn} failed`]
  }
}

function inRoom(caller: Caller): Caller & { readonly room: PageRoom } {
  if (!caller.room) throw new Refusal('This page is not in a room')
  return { ...caller, room: caller.room }
}

/** The current data of the room. */
function viewed(caller: Caller, name: string): PageRoom {
  needScope(caller, name)
  const { room } = inRoom(caller)
  return rooms.value.get(room.id) ?? room
}

function needScope({ integration }: Caller, name: string): void {
  if (!integration.scopes.includes('view_room'))
    throw new Refusal(`the add-on needs the scope view_room to call ${name}`)
}

function ownDialog({ integration }: Caller): Dialog {
  const { value: found } = dialog
  if (found?.integration.oauth_id !== integration.oauth_id)
    throw new Refusal('No dialog of this add-on is open')
  return found
}

function keyed(given: unknown, integration: PageIntegration, types: readonly string[]) {
  const options = record(given, 'options')
  const key = text(options['key'], 'options.key')
  const { type } = moduleOf(integration, key) ?? {}
  if (type === undefined || !types.includes(type))
    throw new Refusal(`The add-on has no ${types.join(' or ')} called ${key}`)
  return { ...targetOptions(options), key }
}

async function goToPerson(id: unknown, mentionName: unknown, message: unknown): Promise<void> {
  const found = await person(id, mentionName)
  goToWith({ kind: 'person', id: found.id }, optionalText(message, 'message'))
}

/** A user by id or mention name, known to the page or not. */
async function person(id: unknown, mentionName: unknown): Promise<PageUser> {
  const mention = withoutAt(String(mentionName)).toLowerCase()
  const find = () =>
    [...people.value.values()].find((one) =>
      id === undefined ? one.mention_name.toLowerCase() === mention : String(one.id) === String(id),
    )
  const found = find() ?? (await asked(id === undefined ? searchPeople(mention) : fetchPerson(id)).then(find))
  if (!found || found.is_deleted) throw new Refusal(`There is no user ${shown(id ?? mentionName)}`)
  return found
}

async function roomNamed(id: unknown, name: unknown): Promise<PageRoom> {
  const find = () =>
    [...rooms.value.values()].find((one) =>
      id === undefined ? one.name === name : String(one.id) === String(id),
    )
  const found =
    find() ?? (await asked(id === undefined ? searchRooms(String(name)) : fetchRoom(id)).then(find))
  if (!found) throw new Refusal(`There is no room ${shown(id ?? name)}`)
  return found
}

const asked = (work: Promise<void>): Promise<void> =>
  work.catch((error: Error) => {
    throw new Refusal(error.message)
  })

function participant({ id, name, mention_name, presence, photo_url, is_group_admin, email }: PageUser) {
  return {
    id,
    name,
    mention_name,
    presence: { show: presence?.is_online ? (presence.show ?? 'chat') : 'offline' },
    photo_url: photo_url ?? null,
    is_admin: is_group_admin === true,
    email: email ?? null,
  }
}

function field() {
  if (!composer.value) throw new Refusal('There is no message field here')
  return composer.value
}

function viewedFile(given: unknown): ViewedFile {
  const { name, url } = record(given, 'file')
  const address = text(url, 'file.url')
  if (!/^https?:/i.test(address)) throw new Refusal('file.url must be an http or https URL')
  return { name: optionalText(name, 'file.name') ?? address.split('/').at(-1) ?? address, url: address }
}

/** A file from a `data:` URL, which the page's policy does not allow it to fetch. */
function fileFrom(dataUrl: string, name: string): File {
  const [, type, content = ''] =
    /^data:([\w.+-]+\/[\w.+-]+)?(?:;[\w=.+-]+)*;base64,(.*)$/is.exec(dataUrl) ?? []
  if (content.length > (longestFile * 4) / 3 + 4)
    throw new Refusal(`The file is longer than ${longestFile} bytes`)
  let bytes = ''
  try {
    bytes = atob(content)
  } catch {
    // not base64
  }
  if (bytes === '') throw new Refusal('dataUrl must be data:TYPE;base64,CONTENT')
  return new File([Uint8Array.from(bytes, (one) => one.charCodeAt(0))], name, {
    type: type ?? 'application/octet-stream',
  })
}

function record(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw new Refusal(`expected ${name} to be an object, got ${shown(value)}`)
  return value
}

function text(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '')
    throw new Refusal(`expected ${name} to be a string, got ${shown(value)}`)
  return value
}

const optionalText = (value: unknown, name: string): string | undefined =>
  value === undefined || value === null || value === '' ? undefined : text(value, name)

function shown(value: unknown): string {
  if (value === undefined) return 'missing'
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 100) : typeof value
}
